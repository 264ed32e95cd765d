/** What an owner says of its own SCQLBroker, and how that is asked: its `/intra` API, JSON over HTTP. */
import { scqlLimits } from './scql-plan.ts';
import { type Asking, settingsIn, versionShape } from './service.ts';

/** As an owner names them. The broker's API proves nobody: it is for its owner's own network. */
export interface ScqlSettings {
  url: string;
  /** Of what its owner installed; the API tells none. */
  version: string;
  /** Codes of the two owners at their brokers. */
  party: string;
  peer: string;
  /** As the owner's SCQLEngine knows the file: DB.TABLE. */
  table: string;
  /** The file that its CSV data source reads under that name. */
  file: string;
}

const code = /^[0-9A-Za-z][\w-]{0,63}$/;

/** Of a settings file. Throws `compute.range` with what is wrong. */
export const scqlSettings = (text: string): ScqlSettings => {
  const names = ['url', 'version', 'party', 'peer', 'table', 'file'] as const;
  const { found: settings, wrong } = settingsIn('SCQL', text, names);
  if (!versionShape.test(settings.version)) throw wrong('version');
  if (!code.test(settings.party) || !code.test(settings.peer) || settings.party === settings.peer)
    throw wrong('party and peer are two codes');
  if (!/^\w{1,60}\.\w{1,60}$/.test(settings.table)) throw wrong('table is DB.TABLE');
  return settings;
};

/** Codes of its status. */
export const scqlCode = { ok: 0, notReady: 104, notFound: 140 } as const;
/** Of a query that it does not take as it is written, or by what its owners grant. */
const ofTheQuery: readonly number[] = [102, 103, 160, 340];

export const brokerOf = ({ url }: ScqlSettings): Pick<Asking, 'name' | 'url' | 'answerBytes' | 'faultOf'> => ({
  name: 'the broker',
  url,
  answerBytes: scqlLimits.answerBytes,
  faultOf: (found, path) =>
    ofTheQuery.includes(found) && path.startsWith('/intra/query') ? 'compute.query' : 'compute.engineFailed',
});
