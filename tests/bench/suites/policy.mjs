import { readFileSync } from 'node:fs';
import {
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
  policySetTextToParts,
} from '@cedar-policy/cedar-wasm/nodejs';
import { accessPolicyFiles, decide, loadAccessPolicy } from '@medshare/policy';
import { figure, median, quantile } from '../figures.mjs';

const wanted = 200;
const members = ['harbor', 'lakeside', 'summit'];
const filler = (n) => `@id("forbid.bench-${n}")
forbid (principal, action == Action::"read", resource)
when { context.purpose == "TREAT" && resource.class == "sensitive:bench-${n}" };
`;

/** The region's policy with as many more as make two hundred. */
function policies() {
  const files = Object.fromEntries(
    accessPolicyFiles('east').map((name) => [name, readFileSync(`policies/${name}`, 'utf8')]),
  );
  const cedar = () =>
    Object.entries(files)
      .filter(([name]) => name.endsWith('.cedar'))
      .map(([, text]) => text);
  const own = cedar().flatMap((text) => policySetTextToParts(text).policies).length;
  files['access/bench.cedar'] = Array.from({ length: wanted - own }, (_, n) => filler(n)).join('\n');
  return { files, texts: cedar().flatMap((text) => policySetTextToParts(text).policies) };
}

const input = (n) => ({
  requester: { institution: 'lakeside', roles: ['clinician'], person: `st-${n % 50}` },
  owner: 'harbor',
  class: n % 3 === 0 ? 'sensitive:hiv' : 'ordinary',
  level: n % 3 === 0 ? 5 : 3,
  purpose: 'TREAT',
  relation: n % 7 === 0 ? 'none' : 'treating',
  requestedDays: 1,
});

const timed = (run) => {
  const began = performance.now();
  run();
  return performance.now() - began;
};

/** A whole decision against the bare engine on the questions that it came to, in turns. */
export async function measure({ short }) {
  const { files, texts } = policies();
  const policy = loadAccessPolicy(files, { members });
  const id = 'bench';
  const ready = [
    preparseSchema(id, files['access/schema.cedarschema']),
    preparsePolicySet(id, { staticPolicies: Object.fromEntries(texts.map((text, n) => [`p${n}`, text])) }),
  ];
  if (ready.some(({ type }) => type === 'failure')) throw new Error('the bare engine refuses the policies');
  const [own, bare, outcomes] = [[], [], new Set()];
  const count = short ? 500 : 4_000;
  for (let n = -100; n < count; n += 1) {
    let question;
    const listening = { ...policy, cedar: (asked) => ((question = asked), policy.cedar(asked)) };
    decide(listening, input(n + 100));
    const call = { ...question, preparsedPolicySetId: id, preparsedSchemaName: id, validateRequest: true };
    let decision;
    const took = timed(() => (decision = decide(policy, input(n + 100))));
    outcomes.add(decision.outcome);
    const alone = timed(() => statefulIsAuthorized(call));
    if (n < 0) continue;
    own.push(took);
    bare.push(alone);
  }
  if (outcomes.size !== 2) throw new Error('the questions do not try both outcomes');
  const ratio = median(own.map((ms, i) => ms / bare[i]));
  const at = (q, aim) =>
    figure(`decision with ${texts.length} policies, p${q * 100}`, 'ms', quantile(own, q), {
      peer: quantile(bare, q),
      peerName: 'bare cedar-wasm',
      aim,
      ...(q === 0.5 && { ratio }),
    });
  return { figures: [at(0.5, '≤ 1.5 of bare'), at(0.99, '< 2 ms')] };
}
