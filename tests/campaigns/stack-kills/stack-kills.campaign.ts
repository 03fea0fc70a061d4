import { bringUp } from '../../stack/bring-up.js';
import { defaultBasePort, defaultCache, defaultState } from '../../stack/places.js';
import { readDescription } from '../../stack/describe-stack.js';
import { serversOf } from '../../stack/servers.js';
import { openStack } from '../../stack/stack.js';
import { StackUnderFire, victims } from '../../stack/stack-under-fire.js';
import { nothing, together, type Campaign, type Finding, type Outcome, type Part } from '../campaign.js';

/** Messages that must have been acknowledged around each kill; another number by STACK_KILL_MESSAGES. */
const messages = Number(process.env['STACK_KILL_MESSAGES'] ?? 5_000);
/** Between two messages of a patient, ms. */
const pause = 100;
const servers = ['postgres', 'keycloak', 'kafka', 'kubo', 's3'];

/** The stack at its usual place, or at STACK_STATE; brought up when it does not run, and left running. */
async function stackState(): Promise<string> {
  const state = process.env['STACK_STATE'] ?? defaultState(process.env);
  const basePort = (await readDescription(state))?.basePort ?? defaultBasePort;
  const stack = openStack({ state, cache: defaultCache(process.env), basePort });
  await bringUp(stack, serversOf(stack, servers), (line) => void process.stderr.write(`${line}\n`));
  return state;
}

// a small number of messages, and a planted defect: tests/stack/kills.spec.ts
export const stackKills: Campaign = {
  name: 'stack-kills',
  about: `SIGKILL of each server and role in turn on the stack, ${messages.toLocaleString('en')} acknowledged messages around each (npm run stack -- --help)`,
  units: victims.length,
  part: 1,
  async run({ from, to, onProgress }: Part): Promise<Outcome> {
    const fire = await StackUnderFire.start(await stackState(), 1, pause);
    let outcome = nothing;
    try {
      for (let unit = from; unit < to; unit += 1) {
        const victim = victims[unit % victims.length]!;
        const found = (what: string, details: readonly string[]): Finding[] =>
          details.map((detail) => ({ unit, what, detail }));
        const { acknowledged, caughtUpMs, broken } = await fire.survive(victim, { messages });
        // every store is read to its end, of all that was sent so far: once, after the last
        const last = unit % victims.length === victims.length - 1;
        const disagreements = last ? (await fire.fsck()).map((one) => JSON.stringify(one)) : [];
        outcome = together(outcome, {
          counts: { [`${victim} killed`]: 1, acknowledged },
          peaks: { [`caught up after ${victim}, ms`]: caughtUpMs },
          findings: [...found(`${victim} killed`, broken), ...found('fsck', disagreements)],
        });
        onProgress(unit + 1 - from);
      }
      return together(outcome, { counts: { 'sent again': fire.hospital.repeated }, peaks: {}, findings: [] });
    } finally {
      await fire.close();
    }
  },
};
