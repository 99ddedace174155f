//! How long the content of a configuration takes: reading, merging, checking, comparing, patching.
//!
//! **In**: `[leaves] [rounds] [folder]`; with a folder the generated files are written there, for other programs to read.
//! **Out**: medians and minima in milliseconds, one line each; the peak of the process's memory as a multiple of the file.
//! **Law**: what is measured is checked: the diff finds the one key that was changed.

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use findspot_config::{
    Checked, Document, Format, Layer, LayerKind, Limits, Merged, Schema, Secrets, diff, environment, merge, parse, patch, value,
};

type Failure = Box<dyn std::error::Error>;

const FORM: &str = r#"{"type": "map", "items": {"type": "map", "items": {"type": "table", "name": "Item", "fields": {
    "enabled": {"type": "boolean"}, "weight": {"type": "number", "ge": 0, "le": 1000000}, "limit": {"type": "integer", "ge": 0},
    "name": {"type": "string", "min_length": 1, "max_length": 64}, "mode": {"type": "string", "enum": ["fast", "exact"]},
    "ttl": {"type": "integer", "default": 60}}}}}"#;

/// Sections of a hundred tables of six values.
fn generate(leaves: usize, format: Format, weight: &str) -> String {
    let mut text = String::with_capacity(leaves * 24);
    let tables = leaves / 6;
    if format == Format::Json {
        text.push('{');
    }
    for table in 0..tables {
        let (section, item) = (table / 100, table % 100);
        let enabled = table % 3 == 0;
        let (first, mode) = (item == 0, if enabled { "fast" } else { "exact" });
        let w = if table == tables / 2 { weight.to_owned() } else { format!("{}.25", table % 90) };
        let (limit, ttl) = (table * 7 % 1000, table % 61);
        let _ = match format {
            Format::Json => {
                let open = if first { format!("{}\"section_{section}\": {{", if section == 0 { "" } else { "}, " }) } else { ", ".into() };
                write!(
                    text,
                    "{open}\"item_{item}\": {{\"enabled\": {enabled}, \"weight\": {w}, \"limit\": {limit}, \"name\": \"item-{table}\", \"mode\": \"{mode}\", \"ttl\": {ttl}}}"
                )
            }
            Format::Yaml => {
                let open = if first { format!("section_{section}:\n") } else { String::new() };
                write!(
                    text,
                    "{open}  item_{item}:\n    enabled: {enabled}\n    weight: {w}\n    limit: {limit}\n    name: item-{table}\n    mode: {mode}\n    ttl: {ttl}\n"
                )
            }
            _ => write!(
                text,
                "[section_{section}.item_{item}]\nenabled = {enabled}\nweight = {w}\nlimit = {limit}\nname = \"item-{table}\"\nmode = \"{mode}\"\nttl = {ttl}\n"
            ),
        };
    }
    if format == Format::Json {
        text.push_str("}}");
    }
    text
}

fn measure<T>(name: &str, rounds: usize, mut work: impl FnMut() -> Result<T, Failure>) -> Result<f64, Failure> {
    let (mut times, mut busy) = (Vec::with_capacity(rounds), Vec::with_capacity(rounds));
    for _ in 0..rounds {
        let (start, before) = (Instant::now(), processor_time());
        let result = work()?;
        busy.push(processor_time() - before);
        times.push(start.elapsed().as_secs_f64() * 1e3);
        black_box(result);
    }
    times.sort_by(f64::total_cmp);
    busy.sort_by(f64::total_cmp);
    let [median, cpu] = [&times, &busy].map(|values| values.get(rounds / 2).copied().unwrap_or_default());
    println!("{name:<44} median {median:9.4} ms   min {:9.4} ms   processor {cpu:9.4} ms", times.first().copied().unwrap_or_default());
    Ok(median)
}

/// Milliseconds that this thread has run: on a shared machine the honest number for long work.
fn processor_time() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|text| text.parse::<f64>().ok()).unwrap_or_default() / 1e6
}

fn read(format: Format, text: &str) -> Result<Arc<Layer>, Failure> {
    Ok(Arc::new(parse(format, "app", text.as_bytes().to_vec(), &Limits { bytes: 1 << 30, ..Limits::default() })?))
}

fn memory(field: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib * 1024.0)
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let leaves: usize = arguments.next().map_or(Ok(120_000), |text| text.parse())?;
    let rounds: usize = arguments.next().map_or(Ok(31), |text| text.parse())?;
    let folder = arguments.next();
    let schema = Schema::from_json(FORM)?;

    let json = generate(leaves, Format::Json, "7.5");
    let bytes = json.len() as f64;
    let before = memory("VmRSS").unwrap_or_default();
    let limits = Limits { bytes: 1 << 30, ..Limits::default() };
    let only = Arc::new(parse(Format::Json, "app", json.into_bytes(), &limits)?);
    let checked = schema.check(&merge(&[Arc::clone(&only)]), None)?;
    if let (Some(now), Some(peak)) = (memory("VmRSS"), memory("VmHWM")) {
        // The text was there before and is the document's own now, so it is added.
        let held = (now - before + bytes) / bytes;
        println!(
            "{} leaves, {bytes} bytes of JSON; held {held:.2} x the file, peak of the process {:.2} x",
            checked.document().leaves(),
            peak / bytes
        );
    }
    drop((only, checked));

    let json = generate(leaves, Format::Json, "7.5");
    let other = generate(leaves, Format::Json, "7.75");
    let (old, new) = (read(Format::Json, &json)?, read(Format::Json, &other)?);
    let known = schema.check(&merge(&[Arc::clone(&old)]), None)?;
    let found = diff(old.document(), new.document());
    if found.differences.len() != 1 {
        return Err(format!("one key was changed, {} differ", found.differences.len()).into());
    }

    measure("unchanged bytes are noticed", rounds, || Ok(old.source_text() == json))?;
    measure("copy of the bytes (in all that follows)", rounds, || Ok(json.as_bytes().to_vec()))?;
    measure("JSON: parse", rounds, || read(Format::Json, &json))?;
    measure("check", rounds, || Ok(schema.check(&merge(&[Arc::clone(&old)]), None)?))?;
    let secrets = Secrets::new(&schema);
    measure("seal of a document without secrets", rounds, || Ok(secrets.seal(old.document())))?;
    measure("diff of two readings, one key changed", rounds, || Ok(diff(old.document(), new.document())))?;
    measure("JSON: parse, merge, check, diff", rounds, || {
        let layer = read(Format::Json, &other)?;
        let checked = schema.check(&merge(&[layer]), None)?;
        let found = diff(known.document(), checked.document());
        Ok((checked, found))
    })?;
    measure("drop of a document", rounds, {
        let mut kept: Vec<Option<Arc<Layer>>> = (0..rounds).map(|_| read(Format::Json, &json).map(Some)).collect::<Result<_, _>>()?;
        move || {
            drop(kept.pop());
            Ok(())
        }
    })?;
    let vars = [("APP__SECTION_3__ITEM_4__LIMIT".to_owned(), "9".to_owned())];
    let over = Arc::new(environment("APP__", "__", vars)?);
    measure("merge with one variable", rounds, || Ok(merge(&[Arc::clone(&old), Arc::clone(&over)])))?;
    let patched = |base: &Document, known: &Checked| -> Result<(Merged, Checked, usize), Failure> {
        let change = value("patch", LayerKind::Patch, "11")?;
        let layer = patch(&Document::empty(), &[("section_7.item_9.limit".parse()?, Some(change))])?;
        let layer = Arc::new(Layer::new(Arc::new(findspot_config::Source::new("patch", LayerKind::Patch, String::new())), layer));
        let merged = merge(&[Arc::clone(&old), layer]);
        let checked = schema.check(&merged, Some(known))?;
        let found = diff(base, checked.document()).differences.len();
        Ok((merged, checked, found))
    };
    measure("one-key patch: layer, merge, check, diff", rounds, || patched(known.document(), &known))?;
    if leaves <= 200_000 {
        for format in [Format::Toml, Format::Yaml] {
            let text = generate(leaves, format, "7.5");
            let layer = read(format, &text)?;
            if layer.document() != old.document() {
                return Err(format!("{format:?} says something else").into());
            }
            measure(&format!("{format:?}: parse"), rounds.min(11), || read(format, &text))?;
        }
    }
    if let Some(folder) = folder {
        std::fs::write(format!("{folder}/app.json"), &json)?;
        for (name, format) in [("app.toml", Format::Toml), ("app.yaml", Format::Yaml)] {
            std::fs::write(format!("{folder}/{name}"), generate(leaves, format, "7.5"))?;
        }
    }
    Ok(())
}
