-- Of a delivery, only what Lockgate acts on is kept: a payload of 20 kB carries names, addresses and texts of people that
-- no job needs, and writing it was most of what accepting it cost. Rows of the version before hold the whole payload.

alter table deliveries
    add column form text not null default 'payload' check (form in ('payload', 'event'));

comment on column deliveries.form is
    'What the column payload holds: GitHub''s own payload, or the event that the server read from it.';
