import { status as codes } from '@grpc/grpc-js';
import { peer } from '@hyperledger/fabric-protos';
import type { Answered } from './ask-peer.js';
import type { Member } from './discover.js';
import { EndorsementPlan, preferring } from './endorsement-plan.js';

const member = (address: string): Member =>
  ({ node: { address, mspId: address.slice(0, 1) }, height: 1, chaincodes: new Set() }) as unknown as Member;
const [a1, a2, b1, c1] = ['a1', 'a2', 'b1', 'c1'].map(member) as [Member, Member, Member, Member];
const groups = new Map([
  ['A', [a1, a2]],
  ['B', [b1]],
  ['C', [c1]],
]);
const layout = (...names: string[]) => new Map(names.map((name) => [name, 1]));

function endorsed(by: string, result = 'same'): Answered {
  const endorsement = new peer.Endorsement();
  endorsement.setEndorser(Buffer.from(by));
  const response = new peer.ProposalResponse();
  response.setPayload(Buffer.from(result));
  response.setEndorsement(endorsement);
  return { response };
}
const refused: Answered = { code: codes.UNAVAILABLE, message: 'away', retry: true };

async function planned(layouts: Map<string, number>[], answers: Record<string, Answered>) {
  const asked: string[] = [];
  const plan = new EndorsementPlan({ groups, layouts }, ({ node }) => {
    asked.push(node.address);
    return Promise.resolve(answers[node.address] ?? endorsed(node.address));
  });
  const found = await plan.collect();
  const by = found?.endorsements.map((each) => Buffer.from(each.getEndorser_asU8()).toString('utf8')).sort();
  return { by, asked: asked.sort(), details: plan.details };
}

it('takes the first layout that can be had, and asks nobody else', async () => {
  expect(await planned([layout('A', 'B'), layout('A', 'C')], {})).toMatchObject({
    by: ['a1', 'b1'],
    asked: ['a1', 'b1'],
  });
});

it('asks the next peer of a group when one fails', async () => {
  expect(await planned([layout('A', 'B')], { a1: refused })).toMatchObject({
    by: ['a2', 'b1'],
    details: [{ address: 'a1' }],
  });
});

it('goes on to another layout with what it has, and asks nobody twice', async () => {
  const { by, asked } = await planned([layout('A', 'B'), layout('A', 'C')], { b1: refused });
  expect(by).toEqual(['a1', 'c1']);
  expect(asked).toEqual(['a1', 'b1', 'c1']);
});

it('does not count an endorsement of another result', async () => {
  const { by, details } = await planned([layout('A', 'B')], { b1: endorsed('b1', 'other') });
  expect(by).toBeUndefined();
  expect(details).toHaveLength(1);
});

it('puts as many peers of a group as a layout wants, each once', async () => {
  expect(await planned([new Map([['A', 2]])], {})).toMatchObject({ by: ['a1', 'a2'] });
  expect((await planned([new Map([['B', 2]])], {})).by).toBeUndefined();
});

it('prefers layouts with the peer that has endorsed already', () => {
  const layouts = [layout('B', 'C'), layout('A', 'C')];
  expect(preferring({ groups, layouts }, a2).layouts).toEqual([layouts[1], layouts[0]]);
});
