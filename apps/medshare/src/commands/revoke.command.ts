import type { Command } from 'commander';
import type { MedshareClient } from '@medshare/client';
import { revocationReason, type RevocationReason } from '@medshare/events';
import { problem } from '@medshare/problems';
import { actingAs, withWho, type WhoOptions } from './acting-as.js';
import { oneOf } from './option-values.js';
import { addCommand, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';
import { rememberedAsks } from './remembered-asks.js';
import type { StaffPlace } from './staff-keys.js';

interface Options extends WhoOptions {
  reason: RevocationReason;
}

export function addRevoke(program: Command, run: Run): void {
  const command = addCommand(
    program,
    'revoke <request>',
    'End a request for good. Its requester, its approvers and the owner’s privacy officers may. ' +
      'Returns when no custodian can release on it any more; what was released before may have been kept.',
    ['medshare revoke --as officer.li@harbor <request id> --reason no-longer-needed'],
  );
  withWho(command)
    .addOption(oneOf('--reason <reason>', 'why', revocationReason.options).makeOptionMandatory())
    .action((id: string, options: Options, self: Command) => run(self, (within) => revoke(id, options, within)));
}

async function revoke(requestId: string, options: Options, within: Surroundings): Promise<Outcome> {
  const { client, place } = await actingAs(options, within);
  const requestHash = await hashOf(requestId, client, place);
  const answer = await client.revoke({ requestId, requestHash, reason: options.reason });
  const before = answer.releasedBefore;
  const kept = before === 0 ? 'nothing was released before' : `${before} released before may have been kept`;
  return { document: answer, text: `revoked in block ${answer.block}; ${kept}` };
}

/** What is signed: known to the person who asked from here, and to whoever can approve. */
async function hashOf(requestId: string, client: MedshareClient, place: StaffPlace): Promise<string> {
  const own = (await rememberedAsks(place)).flatMap(({ requests }) => requests);
  const found =
    own.find((each) => each.requestId === requestId) ??
    (await client.approvals()).find((each) => each.requestId === requestId);
  if (!found)
    throw problem('request.not-found', {
      where: requestId,
      detail: 'neither asked from here by this person nor among their `medshare approvals`',
    });
  return found.requestHash;
}
