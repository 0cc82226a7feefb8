import { query, row, type Steps } from './steps.ts'

const NAME = query<{ study_name: string }>('SELECT study_name FROM studies WHERE study_id = ?')

/** What a study is called, for the text of an error. */
export function* nameOf(studyId: number): Steps<string> {
  return (yield* row(NAME, studyId))?.study_name ?? `number ${studyId}`
}
