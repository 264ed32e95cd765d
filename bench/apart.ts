import { type Apart, networksApart } from '../packages/private-compute/src/index.ts';

/** Parties each in a network of its own for as long as `use` runs, or on loopback where this machine does not allow it; `network` says which. */
export const apartIfAllowed = async <T>(
  use: (more: { apart?: Apart }) => Promise<T>,
): Promise<{ network: string; found: T }> => {
  const apart = await networksApart();
  if ('why' in apart) return { network: `loopback: ${apart.why}`, found: await use({}) };
  try {
    return { network: 'each party in a network namespace of its own', found: await use({ apart }) };
  } finally {
    await apart.close();
  }
};
