import 'reflect-metadata';
import { event, type AuditEntry, type EventMessage } from '@medshare/events';
import { problem } from '@medshare/problems';
import { TestLog } from '../fixture/log.fixture.js';
import { IntakeController } from './audit.controller.js';

describe('what roles tell the audit log by event', () => {
  let log: TestLog;
  let intake: IntakeController;
  beforeAll(async () => void (log = await TestLog.open()), 90_000);
  beforeEach(async () => {
    await log.clear();
    await log.context.database.query('TRUNCATE inbox, inbox_parked, inbox_skipped');
    intake = new IntakeController(log.append, log.context.inbox);
  });
  afterAll(() => log.roles.close());

  const told = (entry: AuditEntry): EventMessage =>
    event('audit.recorded', { id: entry.id, key: entry.id }, { entry: entry });
  /** Another fact stands under the id until it is taken away. */
  const conflict = async (): Promise<EventMessage> => {
    const [first] = await log.add(1);
    return told({ ...first!, action: 'fragments.released' });
  };
  const states = async () => (await log.context.inbox.listParked()).map(({ id, state, code }) => ({ id, state, code }));

  it('is an entry once, however often it comes', async () => {
    const message = told(log.entry());
    await Promise.all([intake.recorded(message), intake.recorded(message)]);
    await intake.recorded(message);
    expect((await log.rows()).map(({ id }) => id)).toEqual([message.id]);
    expect(await states()).toEqual([]);
  });

  it('is parked when it can never be written, and nothing is when it passes by itself', async () => {
    const message = await conflict();
    await intake.recorded(message);
    expect(await states()).toEqual([{ id: message.id, state: 'parked', code: 'request.conflict' }]);
    const away = { record: () => Promise.reject(problem('storage.unavailable')) } as unknown as typeof log.append;
    const refused = new IntakeController(away, log.context.inbox).recorded(told(log.entry()));
    await expect(refused).rejects.toMatchObject({ code: 'storage.unavailable' });
    expect(await states()).toHaveLength(1);
  });

  it('is parked no longer once it was replayed and is written', async () => {
    const message = await conflict();
    await intake.recorded(message);
    await log.clear();
    expect(await log.context.inbox.parked.replay(message.id)).toBe(1);
    await intake.recorded(message);
    expect(await states()).toEqual([]);
    expect(await log.context.inbox.parked.stateOf(message.id)).toMatchObject({ state: 'done' });
    expect((await log.rows()).map(({ id }) => id)).toEqual([message.id]);
  });

  it('is parked again when it was replayed and still cannot be written', async () => {
    const message = await conflict();
    await intake.recorded(message);
    await log.context.inbox.parked.replay(message.id);
    await intake.recorded(message);
    expect(await states()).toEqual([{ id: message.id, state: 'parked', code: 'request.conflict' }]);
  });
});
