import type { Dialect } from './database.ts'

/** The revision of Optuna's schema that is read and written: that of Optuna 3.2 up to 5.0. */
export const OPTUNA_REVISION = 'v3.2.0.a'

/** The row of `version_info`: the version of the models, and of the Optuna that this schema is that of. */
export const OPTUNA_MODELS = 12
export const OPTUNA_VERSION = '5.0.0'

/** Revisions of Optuna's schema that its own `optuna storage upgrade` brings up to date. */
export const OLD_REVISIONS: readonly string[] = [
  'v0.9.0.a',
  'v1.2.0.a',
  'v1.3.0.a',
  'v2.4.0.a',
  'v2.6.0.a',
  'v3.0.0.a',
  'v3.0.0.b',
  'v3.0.0.c',
  'v3.0.0.d',
]

/** The version of Troupe's own tables. */
export const TROUPE_SCHEMA = 1

/** Makes Optuna's tables, column for column as Optuna itself makes them. */
export function optunaTables(dialect: Dialect): readonly string[] {
  const { id, float, time, direction, state, valueType, intermediateType } = dialect
  const study = 'FOREIGN KEY(study_id) REFERENCES studies (study_id)'
  const trial = 'FOREIGN KEY(trial_id) REFERENCES trials (trial_id)'
  const attributes = (of: 'study' | 'trial', kind: 'user' | 'system'): string => `
    CREATE TABLE ${of}_${kind}_attributes (
      ${of}_${kind}_attribute_id ${id} NOT NULL, ${of}_id INTEGER, "key" VARCHAR(512), value_json TEXT,
      PRIMARY KEY (${of}_${kind}_attribute_id), UNIQUE (${of}_id, "key"), ${of === 'study' ? study : trial})`
  return [
    ...dialect.types,
    `CREATE TABLE studies (
      study_id ${id} NOT NULL, study_name VARCHAR(512) NOT NULL, PRIMARY KEY (study_id))`,
    'CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name)',
    `CREATE TABLE version_info (
      version_info_id INTEGER NOT NULL, schema_version INTEGER, library_version VARCHAR(256),
      PRIMARY KEY (version_info_id), CHECK (version_info_id=1))`,
    `CREATE TABLE study_directions (
      study_direction_id ${id} NOT NULL, direction ${direction} NOT NULL, study_id INTEGER NOT NULL,
      objective INTEGER NOT NULL,
      PRIMARY KEY (study_direction_id), UNIQUE (study_id, objective), ${study})`,
    attributes('study', 'user'),
    attributes('study', 'system'),
    `CREATE TABLE trials (
      trial_id ${id} NOT NULL, number INTEGER, study_id INTEGER, state ${state} NOT NULL,
      datetime_start ${time}, datetime_complete ${time},
      PRIMARY KEY (trial_id), ${study})`,
    'CREATE INDEX ix_trials_study_id ON trials (study_id)',
    attributes('trial', 'user'),
    attributes('trial', 'system'),
    `CREATE TABLE trial_params (
      param_id ${id} NOT NULL, trial_id INTEGER, param_name VARCHAR(512), param_value ${float},
      distribution_json TEXT,
      PRIMARY KEY (param_id), UNIQUE (trial_id, param_name), ${trial})`,
    `CREATE TABLE trial_values (
      trial_value_id ${id} NOT NULL, trial_id INTEGER NOT NULL, objective INTEGER NOT NULL, value ${float},
      value_type ${valueType} NOT NULL,
      PRIMARY KEY (trial_value_id), UNIQUE (trial_id, objective), ${trial})`,
    `CREATE TABLE trial_intermediate_values (
      trial_intermediate_value_id ${id} NOT NULL, trial_id INTEGER NOT NULL, step INTEGER NOT NULL,
      intermediate_value ${float}, intermediate_value_type ${intermediateType} NOT NULL,
      PRIMARY KEY (trial_intermediate_value_id), UNIQUE (trial_id, step), ${trial})`,
    `CREATE TABLE trial_heartbeats (
      trial_heartbeat_id ${id} NOT NULL, trial_id INTEGER NOT NULL, heartbeat ${time} NOT NULL,
      PRIMARY KEY (trial_heartbeat_id), UNIQUE (trial_id), ${trial})`,
    `CREATE TABLE alembic_version (
      version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))`,
    `INSERT INTO alembic_version (version_num) VALUES ('${OPTUNA_REVISION}')`,
    `INSERT INTO version_info (version_info_id, schema_version, library_version)
      VALUES (1, ${OPTUNA_MODELS}, '${OPTUNA_VERSION}')`,
  ]
}

/**
 * Makes Troupe's own tables, which Optuna does not look at. No foreign keys lead out of them, so that Optuna can delete
 * a study of which it does not know all.
 */
export function troupeTables({ float, bytes, orderedText }: Dialect): readonly string[] {
  return [
    'CREATE TABLE troupe_meta (name VARCHAR(64) NOT NULL PRIMARY KEY, value TEXT NOT NULL)',
    // Which studies have a log. Optuna may delete a study, and SQLite give its id to the next one: then the mark that
    // is a system attribute of the study is gone, and what is left here belongs to nothing.
    'CREATE TABLE troupe_logs (study_id INTEGER NOT NULL PRIMARY KEY, mark VARCHAR(64) NOT NULL)',
    // The log: the truth of what Troupe did.
    `CREATE TABLE troupe_events (
      study_id INTEGER NOT NULL, position INTEGER NOT NULL, record TEXT NOT NULL,
      PRIMARY KEY (study_id, position))`,
    // Which row of `trials` a trial of the log is, and what the log knows of it: the state, and of rows that others
    // wrote how many parameters, as in RUNNING/2.
    `CREATE TABLE troupe_trials (
      study_id INTEGER NOT NULL, number INTEGER NOT NULL, trial_id INTEGER NOT NULL PRIMARY KEY,
      seen VARCHAR(32) NOT NULL, ended INTEGER NOT NULL)`,
    'CREATE UNIQUE INDEX troupe_trials_number ON troupe_trials (study_id, number)',
    'CREATE INDEX troupe_trials_order ON troupe_trials (study_id, trial_id)',
    'CREATE INDEX troupe_trials_open ON troupe_trials (study_id) WHERE ended = 0',
    // Who has a log open: the process by a mark that tells whether it still runs, and the file in which it wrote this,
    // since a copy is held by nobody. `beat` is when it was heard of last, by the database's clock.
    `CREATE TABLE troupe_writers (
      writer VARCHAR(255) NOT NULL PRIMARY KEY, study_id INTEGER NOT NULL, shared INTEGER NOT NULL,
      host VARCHAR(255) NOT NULL, process VARCHAR(64) NOT NULL, file VARCHAR(32) NOT NULL,
      since ${float} NOT NULL, beat ${float} NOT NULL)`,
    'CREATE INDEX troupe_writers_study ON troupe_writers (study_id)',
    // Contents of checkpoints, in parts. Those of one that is not finished have the name of an upload, which tells who
    // makes it, and all others an empty one. `added` is by the database's clock.
    `CREATE TABLE troupe_checkpoints (
      "key" ${orderedText} NOT NULL, upload VARCHAR(80) NOT NULL, part INTEGER NOT NULL, bytes ${bytes} NOT NULL,
      added ${float} NOT NULL, PRIMARY KEY ("key", upload, part))`,
    "CREATE INDEX troupe_checkpoints_unfinished ON troupe_checkpoints (upload) WHERE upload <> ''",
    `INSERT INTO troupe_meta (name, value) VALUES ('schema', '${TROUPE_SCHEMA}')`,
  ]
}

/** Tables with a `study_id`, Troupe's own and Optuna's, and then those with a `trial_id`. */
export const OUR_TABLES_BY_STUDY: readonly string[] = [
  'troupe_events',
  'troupe_trials',
  'troupe_writers',
  'troupe_logs',
]
export const OPTUNA_TABLES_BY_STUDY: readonly string[] = [
  'study_directions',
  'study_user_attributes',
  'study_system_attributes',
]
export const TABLES_BY_TRIAL: readonly string[] = [
  'trial_user_attributes',
  'trial_system_attributes',
  'trial_params',
  'trial_values',
  'trial_intermediate_values',
  'trial_heartbeats',
]
