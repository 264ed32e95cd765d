/** Everybody's client against one exchange: each person signs in once, over HTTP like anyone else. */
import { randomUUID } from 'node:crypto';
import { type Client, makeClient } from '@shugu/wire';
import * as kernelWire from '@shugu/wire/kernel';
import * as membersWire from '@shugu/wire/members';
import { type Cast, inCast } from './cast.ts';

export interface Stage {
  url: string;
  cast: Cast;
  /** A stranger. */
  anyone: Client;
  /** Somebody of the cast, by login. */
  as(login: string): Promise<Client>;
  /** Id of an organisation of the cast, by key. */
  organisation(key: string): Promise<string>;
  remember(key: string, organisationId: string): void;
  /** Moves a simulated calendar to a moment and lets everything that is due happen. */
  moveClock(to: Date): Promise<void>;
  now(): Promise<Date>;
}

export const makeStage = (url: string, cast: Cast): Stage => {
  const open = (token?: string) => makeClient({ url, token, newKey: randomUUID });
  const anyone = open();
  const signedIn = new Map<string, Promise<{ client: Client; organisation: string; until: number }>>();

  const signIn = async (login: string) => {
    const session = await anyone.call(membersWire.signIn, { body: { login, password: cast.demoPassword } });
    return {
      client: open(session.token),
      organisation: session.me.organisation.id,
      until: new Date(session.expiresAt).getTime(),
    };
  };
  const now = async () => new Date((await anyone.call(kernelWire.clock, {})).now);
  // A moved calendar ends sessions; whoever is still needed signs in again.
  let clockAt = 0;
  const session = async (login: string) => {
    const known = await signedIn.get(login);
    if (known && known.until > clockAt) return known;
    const fresh = signIn(login);
    signedIn.set(login, fresh);
    return fresh;
  };
  const ids = new Map<string, string>();
  return {
    url,
    cast,
    anyone,
    as: async (login) => (await session(login)).client,
    organisation: async (key) => {
      const known = ids.get(key);
      if (known) return known;
      const { organisation } = await session(inCast(cast, key).people[0]!.login);
      ids.set(key, organisation);
      return organisation;
    },
    remember: (key, id) => void ids.set(key, id),
    now,
    moveClock: async (to) => {
      const client = (await session('operator.system')).client;
      await client.call(kernelWire.moveClock, { body: { to: to.toISOString() } });
      clockAt = to.getTime();
    },
  };
};
