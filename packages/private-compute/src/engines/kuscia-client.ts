/** What an owner says of its own Kuscia node, and how that is asked: KusciaAPI, JSON over HTTP, with a token and certificates of both sides. */
import { kusciaLimits } from './kuscia-plan.ts';
import { type Asking, getWith, settingsIn } from './service.ts';

export interface KusciaSettings {
  url: string;
  /** Nodes of the two owners. */
  node: string;
  peer: string;
  /** The name under which both nodes have SecretFlow's PSI (an AppImage). */
  image: string;
  /** Where this process finds the node's `var/storage/data`. */
  folder: string;
  /** Texts: of an API over https the authority's certificate, an own one and its key. */
  credentials: { ca: string; cert: string; key: string } | undefined;
  token: string;
}

const files = ['ca', 'cert', 'key', 'token'] as const;
/** Of Kubernetes’ labels, which Kuscia's names are. */
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Of a settings file, whose `ca`, `cert`, `key` and `token` name files. Throws `compute.range` with what is wrong. */
export const kusciaSettings = async (
  text: string,
  read: (file: string) => Promise<string>,
): Promise<KusciaSettings> => {
  const names = ['url', 'node', 'peer', 'image', 'folder', ...files] as const;
  const { found, url, wrong } = settingsIn('Kuscia', text, names, ['ca', 'cert', 'key']);
  const { node, peer, image, folder } = found;
  if (!label.test(node) || !label.test(peer) || node === peer) throw wrong('node and peer are two names of nodes');
  if (!label.test(image)) throw wrong('image');
  const secured = url.protocol === 'https:';
  const [ca, cert, key, token] = await Promise.all(
    files.map(async (name) => {
      if (name !== 'token' && !secured) return '';
      if (!found[name]) throw wrong(`${name} is missing: its API is asked with certificates`);
      return read(found[name]).catch(() => {
        throw wrong(`${name} cannot be read`);
      });
    }),
  );
  if (!/^[\x21-\x7e]{1,4096}$/.test(token!.trim())) throw wrong('token');
  const credentials = secured ? { ca: ca!, cert: cert!, key: key! } : undefined;
  return { url: found.url, node, peer, image, folder, credentials, token: token!.trim() };
};

/** Codes of its status. */
export const kusciaCode = { ok: 0, noJob: 11202, noData: 11506 } as const;

export const kusciaOf = ({
  url,
  token,
  credentials,
}: KusciaSettings): Omit<Asking, 'signal' | 'patienceMs' | 'lookMs'> => ({
  ...{ name: 'Kuscia', url, get: getWith(credentials), headers: { token } },
  answerBytes: kusciaLimits.answerBytes,
});
