import { Renewed } from './renewed.js';

const making = () => {
  const made: { open: boolean }[] = [];
  const make = () => {
    const client = {
      open: false,
      connect: () => Promise.resolve(void (client.open = true)),
      disconnect: () => Promise.resolve(void (client.open = false)),
    };
    made.push(client);
    return client;
  };
  return { made, make };
};

describe('a renewed connection', () => {
  it('is shared, made anew after a failure, and closed', async () => {
    const { made, make } = making();
    const renewed = new Renewed(make);
    await Promise.all([renewed.use((client) => Promise.resolve(client)), renewed.use(() => Promise.resolve())]);
    expect(made).toHaveLength(1);
    await expect(renewed.use(() => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
    expect(await renewed.use(({ open }) => Promise.resolve(open))).toBe(true);
    expect(made.map(({ open }) => open)).toEqual([false, true]);
    await renewed.close();
    expect(made.map(({ open }) => open)).toEqual([false, false]);
  });

  it('that cannot be opened is tried again at the next use', async () => {
    const { made, make } = making();
    let away = true;
    const renewed = new Renewed(() => {
      const client = make();
      const { connect } = client;
      return { ...client, connect: () => (away ? Promise.reject(new Error('away')) : connect()) };
    });
    await expect(renewed.use(() => Promise.resolve())).rejects.toThrow('away');
    away = false;
    await renewed.use(() => Promise.resolve());
    expect(made).toHaveLength(2);
    await renewed.close();
  });

  it('is not opened again once it was closed', async () => {
    const { made, make } = making();
    const renewed = new Renewed(make);
    await renewed.use(() => Promise.resolve());
    await renewed.close();
    await expect(renewed.use(() => Promise.resolve())).rejects.toMatchObject({ code: 'service.stopping' });
    expect(made.map(({ open }) => open)).toEqual([false]);
  });

  it('that is closed while it is being opened is used by nobody', async () => {
    const { made, make } = making();
    const renewed = new Renewed(make);
    const using = renewed.use(() => Promise.resolve('used'));
    const closing = renewed.close();
    await expect(using).rejects.toMatchObject({ code: 'service.stopping' });
    await closing;
    expect(made.map(({ open }) => open)).toEqual([false]);
  });

  it('is closed by the work that was under way, should the library have opened it again for it', async () => {
    const { made, make } = making();
    const renewed = new Renewed(make);
    let goOn: () => void = () => undefined;
    const using = renewed.use(async (client) => {
      await new Promise<void>((resolve) => (goOn = resolve));
      await client.connect();
      return client.open;
    });
    await new Promise(setImmediate);
    await renewed.close();
    goOn();
    expect(await using).toBe(true);
    expect(made.map(({ open }) => open)).toEqual([false]);
  });
});
