//! A configuration that fits a schema: what plans read, for each profile.
//!
//! **In**: a [`RankingConfig`], a schema; the configuration before it, if there is one. **Out**: a [`Compiled`]: the base's [`Ranking`] and
//! those of the profiles. **Law**: depends on the schema and never on what an index holds. What was made before from the same texts under
//! the same analyzers (synonyms, stop words, pins) is shared, with profiles and with the configuration before; so a change of weights
//! costs what weights cost.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use super::boosts::{BoostRule, boosts};
use super::experiments::assigned;
use super::pins::{AbsentPin, Pins};
use super::problems::Problems;
use super::{Combine, GuardRule, MAX_WEIGHT, PinRule, RankingConfig};
use crate::analysis::Analyzers;
use crate::base::{Error, FieldId, Result, nearest};
use crate::exec::boost::Boost;
use crate::index::Snapshot;
use crate::plan::MAX_EXPANSIONS;
use crate::query::{MAX_CLAUSES, SearchFields, StopWords, SynonymGroups, Synonyms};
use crate::schema::{FieldKind, Schema};

/// The ranking of one profile: what a plan reads.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// Saturation of the term frequency.
    pub k1: f64,
    /// How clauses of a slot combine.
    pub combine: Combine,
    /// Share of the lesser clauses under [`Combine::Best`].
    pub tie_breaker: f64,
    /// Which fields a query searches, with what weights, what stands between bare words, and what words stand for.
    pub search: SearchFields,
    /// What multiplies scores.
    pub boosts: Arc<[Boost]>,
    /// What comes first, and what is not found.
    pub pins: Arc<Pins>,
    /// Milliseconds that a request may take that does not say.
    pub timeout_ms: Option<u64>,
    /// Words of a query.
    pub max_clauses: usize,
    /// Terms that a word with typos stands for in each field.
    pub max_expansions: usize,
    /// `b` of each field, by id.
    b: Vec<f64>,
    /// That of fields beyond.
    usual_b: f64,
}

impl Ranking {
    /// The `b` of a field.
    #[must_use]
    pub fn b(&self, field: FieldId) -> f64 {
        self.b.get(field.index()).copied().unwrap_or(self.usual_b)
    }
}

/// A whole configuration under a schema. It is the ranking of its base; those of profiles are asked for.
#[derive(Clone, Debug)]
pub struct Compiled {
    base: Ranking,
    profiles: Vec<(String, Ranking)>,
    /// What it was made from, to compile again when the schema grows.
    config: Arc<RankingConfig>,
    parts: Parts,
}

impl Deref for Compiled {
    type Target = Ranking;

    fn deref(&self) -> &Ranking {
        &self.base
    }
}

/// Which ranking a request gets, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice<'c> {
    /// Its number: 0 is the base.
    pub number: usize,
    /// The profile.
    pub profile: Option<&'c str>,
    /// The experiment that chose it.
    pub experiment: Option<&'c str>,
}

impl Compiled {
    /// Checks `config` against `schema`.
    ///
    /// # Errors
    /// [`Error::Config`] with everything that does not fit.
    pub fn new(config: &RankingConfig, schema: &Schema) -> Result<Arc<Self>> {
        Self::after(Arc::new(config.clone()), schema, None)
    }

    /// The same, sharing what `before` has made already.
    ///
    /// # Errors
    /// As [`Compiled::new`].
    pub fn after(config: Arc<RankingConfig>, schema: &Schema, before: Option<&Self>) -> Result<Arc<Self>> {
        let analyzed = schema.analyzers().map(|(field, analyzer)| (field.to_owned(), analyzer.map(str::to_owned))).collect();
        let mut parts = match before {
            Some(before) if before.parts.analyzed == analyzed => before.parts.clone(),
            _ => Parts { analyzed, ..Parts::default() },
        };
        let mut maker = Maker {
            schema,
            analyzers: None,
            made: Parts { analyzed: std::mem::take(&mut parts.analyzed), ..Parts::default() },
            before: parts,
        };
        let mut problems = Problems::default();
        let prefix = if config.flat { "" } else { "ranking." };
        let base = maker.ranking(&config, "", prefix, &mut problems)?;
        let mut profiles = Vec::with_capacity(config.profiles.len());
        for (name, profile) in &config.profiles {
            // What is wrong in the base is wrong in every profile, and said once.
            let path = super::problems::under("profiles", name);
            let mut own = Problems::default();
            profiles.push((name.clone(), maker.ranking(profile, &format!("{path}."), &format!("{path}.ranking."), &mut own)?));
            problems.add_new(own, &format!("{path}."));
        }
        let parts = maker.made;
        problems.settle(Arc::new(Self { base, profiles, config, parts }))
    }

    /// The same configuration for a schema that has grown.
    ///
    /// # Errors
    /// None that [`Compiled::new`] did not report: fields are only ever added.
    pub fn for_schema(&self, schema: &Schema) -> Result<Arc<Self>> {
        Self::after(Arc::clone(&self.config), schema, Some(self))
    }

    /// Whether it was made for the fields of a schema.
    #[must_use]
    pub fn fits(&self, schema: &Schema) -> bool {
        self.base.b.len() == schema.fields().len()
    }

    /// What it was made from.
    #[must_use]
    pub fn config(&self) -> &Arc<RankingConfig> {
        &self.config
    }

    /// What a new version has to hold.
    #[must_use]
    pub fn guard(&self) -> Option<&GuardRule> {
        self.config.guard.as_ref()
    }

    /// How many rankings there are: one, and one a profile.
    #[must_use]
    pub fn len(&self) -> usize {
        1 + self.profiles.len()
    }

    /// Never: there is always the base.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// All rankings, the base first.
    pub fn rankings(&self) -> impl Iterator<Item = &Ranking> {
        std::iter::once(&self.base).chain(self.profiles.iter().map(|(_, ranking)| ranking))
    }

    /// The ranking of a number; the base for one that there is not.
    #[must_use]
    pub fn ranking(&self, number: usize) -> &Ranking {
        number.checked_sub(1).and_then(|at| self.profiles.get(at)).map_or(&self.base, |(_, ranking)| ranking)
    }

    /// The boosts of a ranking as they are written.
    #[must_use]
    pub fn rules(&self, number: usize) -> &[BoostRule] {
        let profile = number.checked_sub(1).and_then(|at| self.profiles.get(at)).and_then(|(name, _)| self.config.profiles.get(name));
        &profile.unwrap_or(&self.config).boosts
    }

    fn number(&self, profile: &str) -> Option<(usize, &str)> {
        let at = self.profiles.binary_search_by(|(name, _)| name.as_str().cmp(profile)).ok()?;
        self.profiles.get(at).map(|(name, _)| (at + 1, name.as_str()))
    }

    /// The ranking of a request: a profile that it names beats an experiment, and without a unit there is no experiment.
    ///
    /// # Errors
    /// [`Error::Argument`] for a profile that there is not.
    pub fn choose(&self, profile: Option<&str>, unit: Option<&str>) -> Result<Choice<'_>> {
        if let Some(wanted) = profile {
            let Some((number, name)) = self.number(wanted) else {
                let names = || self.profiles.iter().map(|(name, _)| name.as_str());
                let meant = nearest(wanted, names()).map(|name| format!("; did you mean {name:?}?")).unwrap_or_default();
                let expected = match self.profiles.is_empty() {
                    true => "none: the configuration has no profiles".to_owned(),
                    false => format!("one of {}{meant}", names().collect::<Vec<_>>().join(", ")),
                };
                return Err(Error::Argument { argument: "profile", expected, got: format!("{:?}", super::problems::clipped(wanted)) });
            };
            return Ok(Choice { number, profile: Some(name), experiment: None });
        }
        let assigned = unit.filter(|_| !self.config.experiments.is_empty()).and_then(|unit| assigned(&self.config.experiments, unit));
        Ok(match assigned.and_then(|(name, experiment)| Some((name, self.number(&experiment.profile)?))) {
            Some((experiment, (number, profile))) => Choice { number, profile: Some(profile), experiment: Some(experiment) },
            None => Choice::default(),
        })
    }

    /// Pins to documents that a snapshot does not have, at most `most` of them, and how many more there are.
    ///
    /// # Errors
    /// Corruption.
    pub fn absent_pins(&self, snapshot: &Snapshot, most: usize) -> Result<(Vec<AbsentPin>, usize)> {
        let (mut absent, mut more) = self.base.pins.absent("pins", snapshot, most)?;
        for (name, ranking) in self.profiles.iter().filter(|(_, ranking)| !Arc::ptr_eq(&ranking.pins, &self.base.pins)) {
            let path = super::problems::under(&super::problems::under("profiles", name), "pins");
            let (found, others) = ranking.pins.absent(&path, snapshot, most - absent.len())?;
            absent.extend(found);
            more += others;
        }
        Ok((absent, more))
    }
}

/// Fields with the names of their analyzers.
type Analyzed = Vec<(String, Option<String>)>;

/// What is made from long lists, with what it was made from.
#[derive(Clone, Debug, Default)]
struct Parts {
    analyzed: Analyzed,
    synonyms: Vec<(Arc<SynonymGroups>, Synonyms)>,
    stop_words: Vec<(Arc<[String]>, StopWords)>,
    pins: Vec<(PinsOf, Arc<Pins>)>,
}

/// What pins are made from: the rules, the words that are left out of queries, and the field whose analyzer reads them.
type PinsOf = (Arc<[PinRule]>, Arc<[String]>, Option<FieldId>);

fn same<T: ?Sized + PartialEq>(a: &Arc<T>, b: &Arc<T>) -> bool {
    Arc::ptr_eq(a, b) || a == b
}

/// Makes rankings.
struct Maker<'a> {
    schema: &'a Schema,
    analyzers: Option<Analyzers>,
    /// By this configuration.
    made: Parts,
    /// By the one before.
    before: Parts,
}

impl Maker<'_> {
    fn analyzers(&mut self) -> Result<&Analyzers> {
        let analyzers = match self.analyzers.take() {
            Some(analyzers) => analyzers,
            None => Analyzers::of(self.schema.analyzers())?,
        };
        Ok(self.analyzers.insert(analyzers))
    }

    fn synonyms(&mut self, groups: &Arc<SynonymGroups>) -> Result<Synonyms> {
        if groups.groups.is_empty() && groups.oneway.is_empty() {
            return Ok(Synonyms::default());
        }
        let known = self.made.synonyms.iter().chain(&self.before.synonyms).find(|(of, _)| same(of, groups));
        if let Some((of, synonyms)) = known.cloned() {
            if !self.made.synonyms.iter().any(|(made, _)| Arc::ptr_eq(made, &of)) {
                self.made.synonyms.push((of, synonyms.clone()));
            }
            return Ok(synonyms);
        }
        let fields = self.schema.iter().map(|(id, _)| id);
        let synonyms = Synonyms::new(groups, self.analyzers()?, fields);
        self.made.synonyms.push((Arc::clone(groups), synonyms.clone()));
        Ok(synonyms)
    }

    fn stop_words(&mut self, words: &Arc<[String]>) -> Result<StopWords> {
        if words.is_empty() {
            return Ok(StopWords::default());
        }
        let known = self.made.stop_words.iter().chain(&self.before.stop_words).find(|(of, _)| same(of, words));
        if let Some((of, stop_words)) = known.cloned() {
            if !self.made.stop_words.iter().any(|(made, _)| Arc::ptr_eq(made, &of)) {
                self.made.stop_words.push((of, stop_words.clone()));
            }
            return Ok(stop_words);
        }
        let fields = self.schema.iter().map(|(id, _)| id);
        let stop_words = StopWords::new(words, self.analyzers()?, fields);
        self.made.stop_words.push((Arc::clone(words), stop_words.clone()));
        Ok(stop_words)
    }

    fn pins(
        &mut self,
        path: &str,
        config: &RankingConfig,
        field: Option<FieldId>,
        stop_words: &StopWords,
        problems: &mut Problems,
    ) -> Result<Arc<Pins>> {
        if config.pins.is_empty() {
            return Ok(Arc::default());
        }
        let is_known = |(rules, words, of): &PinsOf| *of == field && same(rules, &config.pins) && same(words, &config.stop_words);
        let known = self.made.pins.iter().chain(&self.before.pins).find(|(of, _)| is_known(of));
        if let Some((of, pins)) = known.cloned() {
            if !self.made.pins.iter().any(|(_, made)| Arc::ptr_eq(made, &pins)) {
                self.made.pins.push((of, Arc::clone(&pins)));
            }
            return Ok(pins);
        }
        let schema = self.schema;
        let pins = Arc::new(Pins::new(path, &config.pins, schema, self.analyzers()?, field, stop_words, problems)?);
        self.made.pins.push(((Arc::clone(&config.pins), Arc::clone(&config.stop_words), field), Arc::clone(&pins)));
        Ok(pins)
    }

    /// The ranking of a profile, or of the base: `tables` is the path of its tables, `ranking` that of the table with k1.
    fn ranking(&mut self, config: &RankingConfig, tables: &str, ranking: &str, problems: &mut Problems) -> Result<Ranking> {
        let schema = self.schema;
        let is_text = |kind: &FieldKind| matches!(kind, FieldKind::Text { .. });
        for name in config.fields.iter().flat_map(BTreeMap::keys) {
            let path = super::problems::under(&format!("{ranking}fields"), name);
            match schema.find(name) {
                Some((_, field)) if is_text(&field.kind) => {}
                Some((_, field)) => problems.add(&path, "a Text field", &format!("a field of type {}", field.kind.name())),
                None => {
                    let texts: Vec<_> = schema.fields().iter().filter(|f| is_text(&f.kind)).map(|f| f.name.as_str()).collect();
                    problems.unknown(&path, name, &texts);
                }
            }
        }
        let own = |name: &str| config.fields.as_ref().and_then(|fields| fields.get(name));
        let weight = |name: &str| own(name).map_or(1.0, |own| own.weight);
        let searched = |name: &str| config.fields.as_ref().is_none_or(|fields| fields.contains_key(name));
        let fields: Vec<_> =
            schema.iter().filter(|(_, f)| is_text(&f.kind) && searched(&f.name)).map(|(id, f)| (id, weight(&f.name))).collect();
        let named = schema.fields().iter().map(|field| weight(&field.name)).collect();
        let b = schema.fields().iter().map(|field| own(&field.name).and_then(|own| own.b).unwrap_or(config.b)).collect();
        problems.in_range(&format!("{ranking}phrase_boost"), config.phrase_boost, MAX_WEIGHT);
        let boosts = boosts(&format!("{ranking}boost"), &config.boosts, schema, problems).into();
        let (synonyms, stop_words) = (self.synonyms(&config.synonyms)?, self.stop_words(&config.stop_words)?);
        let pins = self.pins(&format!("{tables}pins"), config, fields.first().map(|(field, _)| *field), &stop_words, problems)?;
        Ok(Ranking {
            k1: config.k1,
            combine: config.combine,
            tie_breaker: config.tie_breaker,
            search: SearchFields {
                fields,
                named,
                operator: config.operator,
                minimum_match: config.minimum_match.clone(),
                phrase_boost: config.phrase_boost,
                synonyms,
                stop_words,
                typos: config.typos,
            },
            boosts,
            pins,
            timeout_ms: config.limits.timeout_ms,
            max_clauses: config.limits.max_clauses.unwrap_or(MAX_CLAUSES),
            max_expansions: config.limits.max_expansions.unwrap_or(MAX_EXPANSIONS),
            b,
            usual_b: config.b,
        })
    }
}
