import type { BusMessage } from '@medshare/bus';
import { decode } from '@medshare/events';
import { othersFenced, type Inbox } from '@medshare/outbox';
import { isProblem, problem } from '@medshare/problems';
import { faultPoint } from '@medshare/telemetry/fault-point';
import type { DeliverReplies } from './deliver-replies.js';
import type { MapMessage } from './map-message.js';
import type { ParkMessage } from './park-message.js';
import { keptPlace } from './refuse-message.js';

/** Maps each accepted message once, in its patient's order; what cannot be mapped is parked, and the patient's later ones behind it. */
export class ConsumeAccepted {
  constructor(
    private readonly inbox: Inbox,
    private readonly mapping: MapMessage,
    private readonly parking: ParkMessage,
    private readonly replies: Pick<DeliverReplies, 'wake'>,
  ) {}

  /** @throws what is transient: the bus tries again */
  async consume(message: BusMessage): Promise<void> {
    const accepted = decode('message.accepted', message);
    let done = false;
    faultPoint('ingest.map.entered');
    await this.inbox.consume(message, async (tx) => {
      await this.mapping
        .map(tx, accepted, othersFenced(message))
        .catch((caught: unknown) => Promise.reject(withoutWords(caught)));
      done = true;
      faultPoint('ingest.map.written');
    });
    faultPoint('ingest.map.done');
    await (done ? this.parking.settled() : this.parking.tell(accepted));
    this.replies.wake();
  }
}

/** The place is kept with the parked event: of a path of JSON members, which are the sender's words, only the beginning. */
function withoutWords(caught: unknown): unknown {
  if (!isProblem(caught) || caught.where === undefined) return caught;
  const { code, detail, cause } = caught;
  return problem(code, { where: keptPlace(caught.where), detail, cause });
}
