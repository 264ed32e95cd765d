/** For tests only: connectors of the cast, and a member's catalogue as another member's connector asks for it. */
import { openConnector } from '@shugu/wire/federation';
import { didsOf } from '../../src/federation/claims/dids.ts';
import { platformTokens } from '../../src/federation/identity/platform.ts';
import { call, messageOf } from '../federation/counterpart.ts';
import type { TestExchange } from '../support/exchange.ts';

export const connectorsOf = (world: TestExchange) => {
  const { kernel } = world.exchange;
  const { clock, database, keys } = kernel;
  const identity = platformTokens({
    ...{ database, keys, now: () => clock.now(), dids: didsOf(kernel.publicUrl) },
    suspended: async () => false,
  });
  const connect = async (login: string) => ({
    ...(await (await world.as(login)).call(openConnector, { body: {} })),
    organisation: world.seeded.organisations[login.split('.')[0]!]!,
  });
  type Opened = Awaited<ReturnType<typeof connect>>;
  /** By which `from` is known at `to`. */
  const token = ({ name, organisation }: Opened, to: Opened) =>
    identity.authorize(
      { ...{ participant: organisation, name, rules: [] }, ...{ opened_at: new Date(0), closed_at: null } },
      { name: to.name, address: '' },
    );
  const catalogue = async (from: Opened, of: Opened, filter?: object[]) => {
    const asked = messageOf('request', {}, { '@type': 'CatalogRequestMessage' });
    const body = { ...asked, ...(filter ? { filter } : {}) };
    return (await call(`${of.address}/catalog/request`, body, await token(from, of))).body;
  };
  return { connect, token, catalogue };
};
