import * as events from '@medshare/events';
import type { Peers } from '@medshare/peers';
import type { Demo } from '../harness/demo.js';
import { peersOf } from '../harness/hand-reader.js';

type Route = events.PeerRoute<unknown, unknown>;

/** Their requests are signed by the moment's keys, or about what a moment has made: tests/authz and the flows send those. */
const ofTheMoment = [
  'access.countersign-ask',
  'access.decide-ask',
  'access.notice-request',
  'ledger.submit',
  'vault.confirm-revocation',
  'vault.deliver-leaf',
  'vault.describe-leaves',
  'vault.release-emergency',
  'vault.release-fragments',
];

const isRoute = (value: unknown): value is Route =>
  typeof value === 'object' && value !== null && 'audience' in value && 'response' in value;
const routes = (Object.values(events) as unknown[]).filter(isRoute);

/** The examples that peer routes have in their documents, sent as they are over mutual TLS. */
export function peerExamplesFlow(demoOf: () => Demo): void {
  describe('an example of a peer route', () => {
    let peers: Peers;
    beforeAll(async () => void (peers = await peersOf(demoOf(), 'lakeside')));

    it('is there for every route but those that the moment signs', () => {
      const without = routes.filter(({ example }) => example === undefined).map(({ name }) => name);
      expect(without.sort()).toEqual(ofTheMoment);
      expect(routes.length).toBeGreaterThan(20);
    });

    it.each(routes.filter(({ example }) => example !== undefined).map((route) => [route.name, route] as const))(
      'runs: %s',
      async (_, route) => {
        const to = route.audience === 'institution' ? 'lakeside' : 'harbor';
        // answered 200 and in the route's shape, which the client checks
        expect(await peers.call(route, to, route.request.parse(route.example))).toEqual(expect.any(Object));
      },
    );
  });
}
