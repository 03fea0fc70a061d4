// A client whose clock is off by so many ms: opens harbor's ledger, submits once, and says what came of it.
import { readFileSync } from 'node:fs';
import { Cast } from '@medshare/chaincode-region/cast.fixture';
import type { FabricAccess } from '@medshare/ledger/fabric.driver';
import { asProblem } from '@medshare/problems';

const [file, offset] = [process.argv[2]!, Number(process.argv[3])];
const { url, now, access } = JSON.parse(readFileSync(file, 'utf8')) as {
  url: string;
  now: number;
  access: FabricAccess;
};
const RealDate = Date;
// the client library takes its proposals' time from here
class OffDate extends RealDate {
  constructor(...given: [] | [number | string]) {
    super(given[0] ?? OffDate.now());
  }
  static override now(): number {
    return RealDate.now() + offset;
  }
}
globalThis.Date = OffDate as DateConstructor;
const { openFabricLedger } = await import('@medshare/ledger/fabric.driver');
const cast = new Cast('intl', {}, now);
const { privateKey } = cast.keys.get('harbor')!.ledger;
const ledger = await openFabricLedger({ institution: 'harbor', region: cast.region, privateKey, url, access });
const outcome = await ledger.submit('anchor', { institution: 'harbor', anchors: [cast.anchor('back-dated')] }).then(
  () => 'taken',
  (caught: unknown) => asProblem(caught).code,
);
process.stdout.write(`outcome ${outcome}\n`);
await ledger.close();
process.exit(0);
