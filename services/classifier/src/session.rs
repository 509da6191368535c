//! ONNX Runtime's side of a model: the only file that puts tensors in and takes them out.

use crate::{CHUNK_TOKENS, Error, Fact, Library, Provider, batch::Batch, card::BEHAVIOURS};
use ort::{
    ep::{CUDA, ExecutionProvider, ExecutionProviderDispatch},
    inputs,
    session::{Session as Runtime, SessionOutputs},
    value::Tensor,
};

const INPUTS: [&str; 4] = ["tokens", "roles", "members", "facts"];
const OUTPUTS: [&str; 4] = ["score", "behaviours", "vector", "parts"];
/// Numbers of a chunk in `parts`.
pub(crate) const PARTS: usize = 3;

#[derive(Debug)]
pub(crate) struct Session {
    name: String,
    runtime: Runtime,
    provider: Provider,
}

/// What a run answers: finite, and as many as there are bags or chunks.
#[derive(Debug)]
pub(crate) struct Logits {
    /// One for a bag.
    pub(crate) scores: Vec<f32>,
    /// [`BEHAVIOURS`] for a bag.
    pub(crate) behaviours: Vec<f32>,
    /// What a bag was pooled to; as many for each as the model is wide.
    pub(crate) vectors: Vec<f32>,
    /// [`PARTS`] for a chunk.
    pub(crate) parts: Vec<f32>,
}

impl Session {
    /// `name`: by which errors call the model.
    pub(crate) fn open(library: &Library, name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let bad = |cause: String| Error::BadModel { model: name.to_owned(), cause };
        let (runtime, provider) = start(library, name, bytes).map_err(bad)?;
        let has = |ports: &[ort::value::Outlet], wanted: &[&str]| {
            ports.len() == wanted.len() && wanted.iter().all(|name| ports.iter().any(|port| port.name() == *name))
        };
        if !has(runtime.inputs(), &INPUTS) || !has(runtime.outputs(), &OUTPUTS) {
            return Err(bad(format!("its inputs are not {INPUTS:?}, or its outputs not {OUTPUTS:?}")));
        }
        Ok(Self { name: name.to_owned(), runtime, provider })
    }

    pub(crate) fn provider(&self) -> Provider {
        self.provider
    }

    pub(crate) fn metadata(&self, key: &str) -> Result<Option<String>, Error> {
        let metadata = self.runtime.metadata();
        metadata
            .map(|metadata| metadata.custom(key))
            .map_err(|error| Error::BadModel { model: self.name.clone(), cause: error.to_string() })
    }

    /// `batch` has a chunk and a bag at least.
    pub(crate) fn run(&mut self, batch: Batch) -> Result<Logits, Error> {
        let (bags, chunks) = (batch.bags, batch.chunks);
        let Self { name, runtime, .. } = self;
        let failed = |error: ort::Error| Error::Run { model: name.clone(), cause: error.to_string() };
        let outputs = put(runtime, batch).map_err(failed)?;
        let take = |output: &'static str, fits: &dyn Fn(usize) -> bool| {
            let (_, numbers) = outputs[output].try_extract_tensor::<f32>().map_err(failed)?;
            if !fits(numbers.len()) {
                let cause = format!("its {output} has {} numbers for {bags} bags of {chunks} chunks", numbers.len());
                return Err(Error::BadModel { model: name.clone(), cause });
            }
            match numbers.iter().all(|number| number.is_finite()) {
                true => Ok(numbers.to_vec()),
                false => Err(Error::NotANumber { model: name.clone(), output }),
            }
        };
        Ok(Logits {
            scores: take("score", &|count| count == bags)?,
            behaviours: take("behaviours", &|count| count == bags * BEHAVIOURS)?,
            vectors: take("vector", &|count| count.is_multiple_of(bags))?,
            parts: take("parts", &|count| count == chunks * PARTS)?,
        })
    }
}

fn put(runtime: &mut Runtime, batch: Batch) -> ort::Result<SessionOutputs<'_>> {
    let Batch { chunks, bags, tokens, roles, members, facts } = batch;
    runtime.run(inputs![
        "tokens" => Tensor::from_array(([chunks, CHUNK_TOKENS], tokens))?,
        "roles" => Tensor::from_array(([chunks], roles))?,
        "members" => Tensor::from_array(([bags, chunks], members))?,
        "facts" => Tensor::from_array(([bags, Fact::ALL.len()], facts))?,
    ])
}

/// On a graphics processor where the library and the machine have one, else on the CPU.
fn start(library: &Library, name: &str, bytes: &[u8]) -> Result<(Runtime, Provider), String> {
    if CUDA::is_available().unwrap_or(false) {
        // TF32 keeps ten bits of a number: the answers would not be those of a CPU.
        let cuda = CUDA::default().with_tf32(false).build().error_on_failure();
        match build(library, bytes, &[cuda]) {
            Ok(runtime) => return Ok((runtime, Provider::Cuda)),
            Err(cause) => tracing::warn!(model = name, cause, "CUDA cannot be used; the model runs on the CPU"),
        }
    }
    build(library, bytes, &[]).map(|runtime| (runtime, Provider::Cpu))
}

fn build(library: &Library, bytes: &[u8], providers: &[ExecutionProviderDispatch]) -> Result<Runtime, String> {
    let builder = Runtime::builder(&library.environment).map_err(|error| error.to_string())?;
    // Threads that spin while they wait would take the processors from everybody else.
    let builder = builder.with_intra_op_spinning(false).map_err(|error| error.to_string())?;
    let mut builder = builder.with_execution_providers(providers).map_err(|error| error.to_string())?;
    builder.commit_from_memory(bytes).map_err(|error| error.to_string())
}
