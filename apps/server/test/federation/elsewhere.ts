/** Participants of other makes, as far as their documents go: DID documents, version documents, and a catalogue with nothing in it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CONTEXT_URL, VERSION_PATH } from '@shugu/dataspace';

interface Told {
  status?: number;
  body: unknown;
  location?: string;
}

const version = (name: string, path: string, more = {}) => ({ version: name, path, binding: 'HTTPS', ...more });
const dcp = (more = {}) => ({ auth: { protocol: 'DCP', version: '1.0.1', ...more }, identifierType: 'did:web' });
const versions = (...protocolVersions: object[]): Told => ({ body: { protocolVersions } });

/** Version documents by the name of the participant; a text is sent as it is. */
const documents: Record<string, Told> = {
  good: versions(
    version('2024-1', '/old'),
    version('2025-1', '/tokens', { auth: { protocol: 'OAuth', version: '2' } }),
    version('2025-1', '/base/2025-1/', dcp({ profile: ['another', 'vc11-sl2021/jwt'] })),
  ),
  oauth: versions(version('2025-1', '/', { auth: { protocol: 'OAuth', version: '2', profile: ['refresh_token'] } })),
  profile: versions(version('2025-1', '/', dcp({ profile: ['another'] }))),
  later: versions(version('2025-1', '/', dcp({ version: '2.0' }))),
  numbered: versions(version('2025-1', '/', { identifierType: 'D-U-N-S' })),
  unfit: versions(version('2025-1', '/', { auth: 'DCP' })),
  older: versions(version('2024-1', '/old')),
  query: versions(version('2025-1', '/base?tenant=')),
  none: { body: { protocolVersions: [] } },
  text: { body: 'no JSON' },
  long: { body: { protocolVersions: [version('2025-1', 'x'.repeat(70_000))] } },
  away: { status: 404, body: {} },
  moved: { status: 302, body: {}, location: `/good${VERSION_PATH}` },
};

/** `expected`: what reading the catalogue of each comes to. */
export const makeElsewhere = async () => {
  const heard: string[] = [];
  const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const didOf = (name: string) => `did:web:${new URL(origin()).host.replace(':', '%3A')}:${name}`;
  const at = (name: string) => `${origin()}/${name}${VERSION_PATH}`;
  const services = (name: string): string[] | undefined =>
    ({
      unnamed: [],
      // The base of the protocol is no version document.
      base: [`${origin()}/good/base/2025-1`],
      two: [at('away'), at('good')],
      inner: ['http://10.0.0.1/.well-known/dspace-version'],
    })[name] ??
    (documents[name] && [at(name)]);
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    heard.push(path);
    const [, name = ''] = path.split('/');
    const say = ({ status = 200, body, location }: Told): void =>
      void response
        .writeHead(status, { 'content-type': 'application/json', ...(location ? { location } : {}) })
        .end(typeof body === 'string' ? body : JSON.stringify(body));
    const listed = services(name);
    if (path === `/${name}/did.json` && listed)
      return say({
        body: {
          id: didOf(name),
          service: [
            { id: '#wallet', type: 'CredentialService', serviceEndpoint: `${origin()}/wallet` },
            ...listed.map((serviceEndpoint, place) => ({ id: `#${place}`, type: 'DataService', serviceEndpoint })),
          ],
        },
      });
    if (path === `/${name}${VERSION_PATH}` && documents[name]) return say(documents[name]);
    if (path === '/good/base/2025-1/catalog/request')
      return say({
        body: {
          '@context': [CONTEXT_URL],
          '@id': 'urn:example:catalog',
          '@type': 'Catalog',
          participantId: didOf('good'),
        },
      });
    say({ status: 404, body: {} });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const field = 'body.counterparty';
  return {
    heard,
    didOf,
    expected: {
      good: 'told',
      two: 'told',
      ...Object.fromEntries(
        ['older', 'oauth', 'profile', 'later', 'numbered', 'unfit'].map((name) => [
          name,
          `federation.versionsDiffer ${field}`,
        ]),
      ),
      query: `federation.versionsDiffer ${field}`,
      none: `federation.versionsDiffer ${field}`,
      text: `federation.providerAway ${field}`,
      long: `federation.providerAway ${field}`,
      away: `federation.providerAway ${field}`,
      moved: `federation.providerAway ${field}`,
      unnamed: `federation.connectorUnnamed ${field}`,
      base: `federation.connectorUnnamed ${field}`,
      inner: `federation.addressRefused ${field}`,
      absent: `federation.counterpartyUnfound ${field}`,
    },
    close: () => new Promise<void>((closed) => server.close(() => closed())),
  };
};
