import { Body, Controller } from '@nestjs/common';
import {
  findAnchoring,
  lookUpAnchors,
  readReachability,
  readState,
  signRequestView,
  submitTransaction,
} from '@medshare/events';
import type { Ledger } from '@medshare/ledger';
import { PeerHandler } from '@medshare/peers/nest';
import { problem } from '@medshare/problems';
import { ROLE_CONTEXT, type RoleContext } from '@medshare/role';
import { isInStep, linkStep } from '@medshare/telemetry';
import { Inject } from '@nestjs/common';
import type { z } from 'zod';
import { LEDGER } from '../ledger.token.js';
import { findAnchor, tracesOf } from '../store/anchors.js';
import { SignView } from '../sign-view.js';

const decoder = new TextDecoder();

/** The only way of the institution's other roles to the chain, and of other institutions to its views. */
@Controller()
export class LedgerController {
  constructor(
    @Inject(LEDGER) private readonly ledger: Ledger,
    private readonly views: SignView,
    @Inject(ROLE_CONTEXT) private readonly context: RoleContext,
  ) {}

  @PeerHandler(submitTransaction)
  async submit(@Body() body: z.infer<typeof submitTransaction.request>) {
    const { txId, block, response } = await this.ledger.submit(body.function, body.args as never);
    return { txId, block, response: response as z.infer<typeof submitTransaction.response>['response'] };
  }

  @PeerHandler(readState)
  async read(@Body() { keys }: z.infer<typeof readState.request>) {
    const [{ number: height }, found] = [await this.ledger.height(), await this.ledger.getMany(keys)];
    return { height, entries: [...found].map(([key, { value }]) => ({ key, value: parse(value) })) };
  }

  @PeerHandler(lookUpAnchors)
  async lookUp(@Body() { institution, tags }: z.infer<typeof lookUpAnchors.request>) {
    if (institution === this.context.institution && isInStep())
      linkStep(...(await tracesOf(this.context.database, tags)));
    const found = await this.ledger.getMany(tags.map((tag) => `anchor/${institution}/${tag}`));
    return {
      anchors: tags.flatMap((tag) => {
        const stored = found.get(`anchor/${institution}/${tag}`);
        return stored ? [{ tag, anchor: parse(stored.value), block: stored.block }] : [];
      }),
    };
  }

  @PeerHandler(findAnchoring)
  async anchoring(@Body() { recordId }: z.infer<typeof findAnchoring.request>) {
    return (await findAnchor(this.context.database, recordId)) ?? { state: 'unknown' as const };
  }

  @PeerHandler(readReachability)
  async reachability(): Promise<z.infer<typeof readReachability.response>> {
    const { reachable, height, away } = await this.ledger.reachability();
    return { reachable, height, away: [...away] };
  }

  @PeerHandler(signRequestView)
  async view(@Body() { requestId, nonce }: z.infer<typeof signRequestView.request>) {
    return { view: await this.views.sign(requestId, nonce) };
  }
}

function parse(value: Uint8Array): z.infer<typeof submitTransaction.response>['response'] {
  try {
    return JSON.parse(decoder.decode(value)) as z.infer<typeof submitTransaction.response>['response'];
  } catch {
    throw problem('ledger.tampered', { detail: 'a state value is not JSON' });
  }
}
