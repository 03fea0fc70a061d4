import {
  policySetTextToParts,
  policyToJson,
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
  validate,
  type StatefulAuthorizationCall,
} from '@cedar-policy/cedar-wasm/nodejs';

/** What Cedar said. Anything but a clean allow is a deny: a forbid that fails to evaluate would otherwise be skipped. */
export type CedarAnswer = { readonly allowed: boolean; readonly rules: readonly string[] };
export type CedarQuestion = Pick<
  StatefulAuthorizationCall,
  'principal' | 'action' | 'resource' | 'context' | 'entities'
>;
export type Cedar = (question: CedarQuestion) => CedarAnswer;

/**
 * Parses and validates once; a decision then costs only its evaluation.
 * @param id names the policy set in Cedar's process-wide store: the same id must mean the same texts
 * @throws Error naming the policy that does not parse, validate or carry its own `@id`
 */
export function makeCedar(id: string, schema: string, texts: readonly string[]): Cedar {
  const staticPolicies = policiesById(texts);
  const checked = validate({ schema, policies: { staticPolicies }, validationSettings: { mode: 'strict' } });
  if (checked.type === 'failure') throw new Error(checked.errors.map(({ message }) => message).join('; '));
  const [first] = checked.validationErrors;
  if (first) throw new Error(`${first.policyId}: ${first.error.message}`);
  for (const answer of [preparseSchema(id, schema), preparsePolicySet(id, { staticPolicies })])
    if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('; '));
  return (question) => ask(id, question);
}

function ask(id: string, question: CedarQuestion): CedarAnswer {
  const call = { ...question, preparsedPolicySetId: id, preparsedSchemaName: id, validateRequest: true };
  const answer = statefulIsAuthorized(call);
  if (answer.type === 'failure') return { allowed: false, rules: ['cedar.failure'] };
  const { decision, diagnostics } = answer.response;
  if (diagnostics.errors.length > 0)
    return { allowed: false, rules: diagnostics.errors.map(({ policyId }) => `cedar.error:${policyId}`) };
  return { allowed: decision === 'allow', rules: [...diagnostics.reason].sort() };
}

function policiesById(texts: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const policy of texts.flatMap(partsOf)) {
    const id = idOf(policy);
    if (Object.hasOwn(found, id)) throw new Error(`two policies are called ${id}`);
    found[id] = policy;
  }
  return found;
}

function partsOf(text: string): string[] {
  const parts = policySetTextToParts(text);
  if (parts.type === 'failure') throw new Error(parts.errors.map(({ message }) => message).join('; '));
  if (parts.policy_templates.length > 0) throw new Error('templates are not supported');
  return parts.policies;
}

function idOf(policy: string): string {
  const json = policyToJson(policy);
  const id = json.type === 'success' ? json.json.annotations?.['id'] : undefined;
  if (!id || !/^[a-z][a-z0-9.-]{2,60}$/.test(id)) throw new Error('a policy has no @id("…") of its own');
  return id;
}
