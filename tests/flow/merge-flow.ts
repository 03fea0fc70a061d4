import { audited, until, type Demo } from '../harness/demo.js';
import { admission, identifierOf, merge, patient, sodium } from '../harness/messages.js';

interface Resource {
  resourceType: string;
  identifier?: { value?: string }[];
  link?: { type: string; other: { reference?: string; identifier?: { value?: string } } }[];
}

/** HL7v2 A40 on its whole way: both patients' streams, the link, and what a reader of another institution finds afterwards. */
export function mergeFlow(demoOf: () => Demo): void {
  describe('a merge of two patients', () => {
    const [kept, gone] = [patient(301), patient(302)];
    const about = (of: typeof kept) => ({
      identifier: identifierOf(of),
      purpose: 'TREAT',
      relation: 'treating' as const,
      days: 7,
    });
    const api = async <T>(path: string): Promise<T> => {
      const { httpUrl } = demoOf().institutions.harbor!;
      const authorization = `Bearer ${await demoOf().token('it.sun', 'harbor')}`;
      return (await (await fetch(new URL(path, httpUrl), { headers: { authorization } })).json()) as T;
    };
    const messages = async () =>
      (
        await api<{ messages: { id: string; state: string; stream: string }[] }>('/messages?limit=5')
      ).messages.reverse();
    let before: Record<'anchored' | 'linked', number>;
    const figures = async () => ({
      anchored: await audited(demoOf(), 'harbor', 'record.anchored'),
      linked: await audited(demoOf(), 'harbor', 'patient.linked'),
    });

    beforeAll(async () => {
      before = await figures();
      const sent = [admission(kept), admission(gone), sodium(gone, '131'), merge(kept, gone), sodium(kept, '139')];
      const answers = await demoOf().send('harbor', ...sent);
      expect(answers.map((answer) => /\rMSA\|(\w\w)/.exec(answer)?.[1])).toEqual(sent.map(() => 'AA'));
      await until('all are anchored', async () => (await figures()).anchored >= before.anchored + 5, 90_000);
    }, 120_000);

    it('is mapped in the order of both streams, and is one fact of the audit log', async () => {
      const [first, other, , joined, later] = await messages();
      expect((await messages()).map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'mapped'));
      expect(first!.stream).not.toBe(other!.stream);
      expect([joined!.stream, later!.stream]).toEqual([first!.stream, first!.stream]);
      const mappedAt = async ({ id }: { id: string }) => {
        const { way } = await api<{ way: { step: string; at: string | null }[] }>(`/messages/${id}`);
        return way.find(({ step }) => step === 'mapped')?.at ?? 'never';
      };
      const times = await Promise.all((await messages()).map(mappedAt));
      const [one, two, three, merged, last] = times as [string, string, string, string, string];
      expect([one, two, three, merged, last].filter((time) => !Number.isFinite(Date.parse(time)))).toEqual([]);
      expect([one, two, three].every((time) => time <= merged)).toBe(true);
      expect(merged <= last).toBe(true);
      expect((await figures()).linked).toBe(before.linked + 1);
    }, 60_000);

    it('has each find what came under their number, and who replaces whom', async () => {
      const doctor = demoOf().as('dr.chen', 'lakeside');
      const open = async (of: typeof kept, records: number) => {
        const found = await until(
          'all are found and shareable',
          async () => {
            const asked = await doctor.ask(about(of));
            const { opened } = await until('opened', async () => {
              const { requests } = await doctor.asked(asked.askId);
              return requests.every(({ state }) => state !== 'waiting') && doctor.open(asked.askId);
            });
            return asked.found[0]?.records === records && opened.length >= records && opened;
          },
          60_000,
        );
        const bundles = await Promise.all(found.map(({ bundle }) => doctor.bundle(bundle)));
        return bundles.map(
          (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as { entry: { resource: Resource }[] },
        );
      };
      const resources = (bundles: Awaited<ReturnType<typeof open>>) =>
        bundles.flatMap(({ entry }) => entry.map(({ resource }) => resource));
      const mine = resources(await open(kept, 3));
      const theirs = resources(await open(gone, 2));
      const values = (of: Resource[]) =>
        [...JSON.stringify(of).matchAll(/"value":(131|139)\b/g)].map(([, value]) => value);
      expect([values(mine), values(theirs)]).toEqual([['139'], ['131']]);
      const links = mine.flatMap(({ link = [] }) => link);
      expect(links.map(({ type }) => type)).toContain('replaces');
      expect(JSON.stringify(mine)).toContain(gone.local);
      expect(theirs.flatMap(({ link = [] }) => link)).toEqual([]);
    }, 120_000);
  });
}
