import type { Command } from 'commander';
import { actingAs, withWho, type WhoOptions } from './acting-as.js';
import { addCommand, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';

export function addToken(program: Command, run: Run): void {
  const command = addCommand(program, 'token', 'Sign in and print an access token, which lives five minutes.', [
    'medshare token --as dr.chen@lakeside',
    'curl -H "authorization: Bearer $(medshare token --as regulator@harbor)" http://127.0.0.1:7101/fhir/AuditEvent',
  ]);
  withWho(command).action((options: WhoOptions, self: Command) => run(self, (within) => token(options, within)));
}

async function token(options: WhoOptions, within: Surroundings): Promise<Outcome> {
  const { place, httpUrl, token } = await actingAs(options, within);
  const value = await token();
  const { username, institution } = place;
  return { document: { token: value, type: 'Bearer', username, institution, url: httpUrl }, text: value };
}
