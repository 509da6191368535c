// Answers version questions with npm's own semver library, one JSON line each.
//
// Usage: semver_peer.js MODULE < rows          answers as Lockgate's example `version_rows` writes them
//        semver_peer.js --fixtures CHECKOUT    the rows of the library's own tests, with the expected answers
'use strict'

const path = require('node:path')
const readline = require('node:readline')

// The third field of a fixture: nothing, `true` for loose, or an object of options.
function options (given) {
  const set = given !== null && typeof given === 'object' ? given : { loose: Boolean(given) }
  return { loose: Boolean(set.loose), include_prerelease: Boolean(set.includePrerelease) }
}

function fixtures (checkout) {
  const read = name => require(path.join(checkout, 'test', 'fixtures', `${name}.js`))
  const row = (op, a, b, given, expected) => ({
    group: op, question: { op, ecosystem: 'npm', a, b: String(b), ...options(given) }, expected
  })
  return [
    ...read('range-include').map(([a, b, given]) => row('range', a, b, given, true)),
    ...read('range-exclude').map(([a, b, given]) => row('range', a, b, given, false)),
    ...read('comparisons').map(([a, b, given]) => row('cmp', a, b, given, '>')),
    ...read('equality').map(([a, b, given]) => row('cmp', a, b, given, '='))
  ]
}

// Null when `read` refuses; with `fallback`, what strict reading refuses is read loosely.
function attempt (Class, text, { loose, include_prerelease: includePrerelease, fallback }) {
  for (const each of fallback ? [false, true] : [Boolean(loose)]) {
    try {
      return new Class(text, { loose: each, includePrerelease: Boolean(includePrerelease) })
    } catch {}
  }
  return null
}

function answer (semver, question) {
  const { op, a, b } = question
  const version = attempt(semver.SemVer, b, question)
  if (version === null) return { error: `${b} is not a version` }
  const left = attempt(op === 'cmp' ? semver.SemVer : semver.Range, a, question)
  if (left === null) return { error: `${a} is not a ${op === 'cmp' ? 'version' : 'range'}` }
  return { answer: op === 'cmp' ? ['<', '=', '>'][left.compare(version) + 1] : left.test(version) }
}

function main ([first, checkout]) {
  if (first === '--fixtures') {
    fixtures(path.resolve(checkout)).forEach(row => console.log(JSON.stringify(row)))
    return
  }
  const semver = require(path.resolve(first))
  readline.createInterface({ input: process.stdin })
    .on('line', line => console.log(JSON.stringify(answer(semver, JSON.parse(line)))))
}

main(process.argv.slice(2))
