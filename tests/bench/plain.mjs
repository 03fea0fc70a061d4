import pg from 'pg';

/** The peer: plain `pg` inserting and committing the same bytes, one statement a message, into the same server. @returns a second */
export async function plainInserts({ url, connections, count, messageOf }) {
  const clients = await Promise.all(
    Array.from({ length: connections }, async () => {
      const client = new pg.Client(url);
      await client.connect();
      return client;
    }),
  );
  const [first] = clients;
  await first.query('CREATE SCHEMA bench');
  try {
    await first.query(
      'CREATE TABLE bench.plain (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bytes BYTEA NOT NULL)',
    );
    const insert = { name: 'plain', text: 'INSERT INTO bench.plain (bytes) VALUES ($1)' };
    const began = performance.now();
    await Promise.all(
      clients.map(async (client, c) => {
        for (let n = c; n < count; n += connections) await client.query({ ...insert, values: [messageOf(n)] });
      }),
    );
    return count / ((performance.now() - began) / 1000);
  } finally {
    await first.query('DROP SCHEMA bench CASCADE');
    await Promise.all(clients.map((client) => client.end()));
  }
}
