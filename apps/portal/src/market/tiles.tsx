/** Products as tiles: what it is, whose, how it comes, what it costs. */
import { listListings } from '@shugu/wire/market';
import type { ReactNode } from 'react';
import { useRead } from '../api.ts';
import { Loaded } from '../ui/frame.tsx';

export const ProductTiles = ({ query, empty }: { query: { limit: number }; empty: ReactNode }) => {
  const read = useRead(listListings, { query: { ...query, state: 'listed' } });
  return <Loaded of={read}>{() => empty}</Loaded>;
};
