export { languages, preferredLanguage, textOf, type Language, type Text } from './languages.js';
export { isProblemCode, problemCodes, problems, type IssueType, type ProblemCode, type Row } from './problems.js';
export { asProblem, isProblem, Problem, problem, type ProblemOptions } from './problem.js';
export {
  fromProblemJson,
  toOperationOutcome,
  toProblemJson,
  type OperationOutcome,
  type OperationOutcomeIssue,
  type ProblemJson,
  type ProblemJsonOptions,
} from './representations.js';
