/** Products as tiles: what it is, whose, how it comes, what it costs. */
import { search } from '@shugu/wire/market-find';
import { Link } from '@tanstack/react-router';
import { Tag } from 'antd';
import type { ReactNode } from 'react';
import { type Reply, useRead } from '../api.ts';
import { listMark, useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Loaded } from '../ui/frame.tsx';

export type Found = Reply<typeof search>['items'][number];

export const Marked = ({ pieces }: { pieces: { text: string; hit: boolean }[] }) =>
  pieces.map((piece, place) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text never change places.
    piece.hit ? <mark key={place}>{piece.text}</mark> : <span key={place}>{piece.text}</span>,
  );

export const ProductTile = ({ one }: { one: Found }) => {
  const { b, w, language } = useWords();
  return (
    <Link to={paths.product(one.product)} className="tile product">
      <h3>
        <Marked pieces={one.name} />
      </h3>
      <p className="quiet clamp">
        <Marked pieces={one.summary} />
      </p>
      <div className="tags">
        {one.badges[language].map((badge) => (
          <Tag key={badge}>{badge}</Tag>
        ))}
        {one.certificates.length ? <Tag color="success">{w('basis', 'certificate')}</Tag> : null}
      </div>
      <div className="row between tile-foot">
        <b className="price">{b(one.price.text)}</b>
        <span className="small quiet">
          {one.deliveryModes.map((mode) => w('deliveryMode', mode)).join(listMark())} ·{' '}
          {w('updateCycle', one.updateCycle)}
        </span>
      </div>
      <div className="small quiet">{one.supplier.name}</div>
    </Link>
  );
};

export const ProductTiles = ({ query, empty }: { query: { limit: number }; empty: ReactNode }) => {
  const read = useRead(search, { query: { ...query, sort: 'newest' } });
  return (
    <Loaded of={read}>
      {({ items }) =>
        items.length ? (
          <div className="grid fill">
            {items.map((one) => (
              <ProductTile key={one.product} one={one} />
            ))}
          </div>
        ) : (
          empty
        )
      }
    </Loaded>
  );
};
