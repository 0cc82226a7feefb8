// What goes along with an experiment and writes down what happens. Give it to the Tuner as `callbacks`.
export { experimentFolder, type ExperimentFolderOptions } from './experiment-folder.ts'
export { jsonFiles, type JsonFilesOptions } from './json-files.ts'
export { csvFiles, type CsvFilesOptions } from './csv-files.ts'
export { errorFiles, type ErrorFilesOptions } from './error-files.ts'
export { tensorboard, type TensorboardOptions } from './tensorboard.ts'
export { mlflow, type MlflowOptions } from './mlflow.ts'

// To write one of your own
export type { DirectoryOptions } from './folder/directory-options.ts'
export type {
  Callback,
  CallbackEnd,
  CallbackSession,
  CallbackView,
  ExperimentListeners,
  KnownTrial,
} from '../tuner/callback.ts'
