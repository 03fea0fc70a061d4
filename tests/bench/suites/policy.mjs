import { readFileSync } from 'node:fs';
import {
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
  policySetTextToParts,
} from '@cedar-policy/cedar-wasm/nodejs';
import { accessPolicyFiles, decide, loadAccessPolicy } from '@medshare/policy';
import { figure, median, quantile } from '../figures.mjs';
import { cpu } from '../rates.mjs';

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

/** ms by the clock, and of CPU: on a busy machine only the second speaks of the decision. */
const timed = (run) => {
  const [began, before] = [performance.now(), cpu()];
  run();
  return { ms: performance.now() - began, cpuMs: (cpu() - before) * 1000 };
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
  const ratio = median(own.map(({ cpuMs }, i) => cpuMs / bare[i].cpuMs));
  const at = (q, unit, of, more) =>
    figure(`decision with ${texts.length} policies, p${q * 100}`, unit, quantile(own.map(of), q), {
      peer: quantile(bare.map(of), q),
      peerName: 'bare cedar-wasm',
      ...more,
    });
  const [byClock, ofCpu] = [({ ms }) => ms, ({ cpuMs }) => cpuMs];
  return {
    figures: [
      at(0.5, 'ms', byClock, {}),
      at(0.99, 'ms', byClock, { aim: '< 2 ms' }),
      at(0.5, 'CPU ms', ofCpu, { ratio, aim: '≤ 1.5 of bare' }),
      at(0.99, 'CPU ms', ofCpu, {}),
    ],
  };
}
