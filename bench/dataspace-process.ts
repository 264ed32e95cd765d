/**
 * A node of the dataspace bench, in a process of its own: `node bench/dataspace-process.ts KEY`, an organisation of the cast whose
 * connector is open. It says where it is, puts data sets into its catalogue when it is told how many, and ends with its parent.
 */
import { sql } from '../apps/server/src/kernel/db/db.ts';
import { testExchange } from '../apps/server/test/support/exchange.ts';
import { assertedNames } from '../interop/edc/connector.ts';
import { buyerRules, connect, list, supplierRules } from '../interop/edc/node.ts';
import * as wire from '../packages/wire/src/federation.ts';

const key = process.argv[2]!;
const node = await testExchange({
  identity: assertedNames,
  config: { privateConnectors: ['127.0.0.1'], checkReplies: false },
});
const one = await connect(node, key, `urn:example:bench:${key}`);
const { database } = node.exchange.kernel;
await one.client.call(wire.setRules, { body: { rules: [...supplierRules, ...buyerRules] } });
const product = key === 'xingsha' ? await list(node) : null;

/** As the market publishes them; `traded: false`, so that an agreement is all that comes of them, as with EDC. */
const fill = (count: number): Promise<number> =>
  database.tx({ kind: 'system', id: 'system:bench', participant: one.participant }, async (tx) => {
    // Pages are kept as long as this count stands.
    await tx.exec(sql`update federation_catalogues set changes = changes + 1 where participant = ${one.participant}`);
    return tx.exec(sql`insert into federation_datasets (node, market, participant, id, body, offers, digest, traded, published_at)
      select ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, id, jsonb_build_object('@id', id, '@type', 'Dataset',
          'title', '数据集 ' || n, 'hasPolicy', jsonb_build_array(jsonb_build_object('@id', 'offer-' || n, '@type', 'Offer',
            'permission', jsonb_build_array(jsonb_build_object('action', 'use')))),
          'distribution', jsonb_build_array(jsonb_build_object('@type', 'Distribution', 'format', 'HttpData-PULL',
            'accessService', 'urn:shugu:connector:' || ${one.participant}))),
        array['offer-' || n], md5(id), false, now()
      from (select n, 'asset-' || lpad(n::text, 6, '0') as id from generate_series(1, ${count}) n) made`);
  });

process.on('message', async (count: number) => {
  await fill(count);
  await database.pool.query('vacuum analyze federation_datasets');
  process.send!({ filled: count });
});
process.on('disconnect', () => void node.end().finally(() => process.exit(0)));
const login = `${key}.trader`;
process.send!({
  name: one.name,
  address: one.address,
  url: node.url,
  token: await node.token(login),
  product,
  database: (await database.one<{ name: string }>(sql`select current_database() as name`)).name,
});
