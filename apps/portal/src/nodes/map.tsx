/** The hub in the middle, its nodes around it: no geography, but who is there and how each one is. */
import type { listNodes } from '@shugu/wire/nodes';
import { Grid } from 'antd';
import type { Reply } from '../api.ts';
import { listMark, useWords } from '../i18n/index.ts';

type Node = Reply<typeof listNodes>['items'][number];
type Hub = Reply<typeof listNodes>['hub'];

interface Shape {
  width: number;
  height: number;
  /** Half axes of the ring of the nodes. */
  ring: { x: number; y: number };
  /** From so many on names would stand in each other's way. */
  namesMax: number;
  charactersMax: number;
}
const lying: Shape = { width: 760, height: 380, ring: { x: 270, y: 135 }, namesMax: 16, charactersMax: 14 };
/** On a phone. */
const standing: Shape = { width: 360, height: 460, ring: { x: 118, y: 175 }, namesMax: 10, charactersMax: 8 };
/** Of the inner ring where there are two. */
const within = 0.7;
const colours: Record<string, string> = { online: '#2f6f5e', alarm: '#b4691f', offline: '#8a8577', revoked: '#a8291f' };

const middleOf = ({ width, height }: Shape) => ({ x: width / 2, y: height / 2 });

const placeOf = (shape: Shape, index: number, count: number) => {
  // Two rings where one would be too full.
  const inner = count > 12 && index % 2 === 1;
  const angle = (2 * Math.PI * index) / count - Math.PI / 2;
  const [middle, part] = [middleOf(shape), inner ? within : 1];
  return {
    x: middle.x + Math.cos(angle) * shape.ring.x * part,
    y: middle.y + Math.sin(angle) * shape.ring.y * part,
  };
};

/** Letters are about half as wide as Chinese characters, of which `most` fit. */
const cut = (name: string, most: number): string => {
  let [kept, wide] = ['', 0];
  for (const one of name) {
    wide += one > '\u2e7f' ? 1 : 0.55;
    if (wide > most) return `${kept}…`;
    kept += one;
  }
  return name;
};

export const NodeMap = ({ hub, nodes }: { hub: Hub; nodes: readonly Node[] }) => {
  const { t, w } = useWords();
  const shape = Grid.useBreakpoint().sm === false ? standing : lying;
  const middle = middleOf(shape);
  const said = nodes.map((one) => `${one.name} ${w('nodeStanding', one.standing)}`).join(listMark());
  return (
    <section aria-label={t('nodes.map')}>
      <svg
        viewBox={`0 0 ${shape.width} ${shape.height}`}
        role="img"
        aria-label={t('nodes.mapSaid', { hub: hub.name, count: nodes.length, nodes: said })}
        style={{ width: '100%', maxWidth: shape.width, display: 'block', margin: '0 auto' }}
      >
        {nodes.map((one, index) => {
          const at = placeOf(shape, index, nodes.length);
          const dash = one.standing === 'online' ? undefined : '4 5';
          return (
            <line
              key={one.id}
              x1={middle.x}
              y1={middle.y}
              x2={at.x}
              y2={at.y}
              stroke={colours[one.standing]}
              strokeWidth="1.5"
              strokeDasharray={dash}
              opacity="0.6"
            />
          );
        })}
        <circle cx={middle.x} cy={middle.y} r="30" fill="#20453b" />
        <text x={middle.x} y={middle.y + 5} textAnchor="middle" fill="#f4efe3" fontSize="15">
          {t('nodes.middle')}
        </text>
        {nodes.map((one, index) => {
          const at = placeOf(shape, index, nodes.length);
          return (
            <g key={one.id}>
              <title>{`${one.name} · ${w('nodeKind', one.kind)} · ${w('nodeStanding', one.standing)} · ${one.listings}`}</title>
              <circle
                cx={at.x}
                cy={at.y}
                r={9 + Math.min(9, Math.log2(1 + one.listings) * 2)}
                fill={colours[one.standing]}
              />
              {nodes.length <= shape.namesMax ? (
                // Away from the middle, so that its line does not run through its name.
                <text
                  x={at.x}
                  y={at.y < middle.y ? at.y - 24 : at.y + 34}
                  textAnchor="middle"
                  fontSize="14"
                  fill="#2b2a26"
                >
                  {cut(one.name, shape.charactersMax)}
                </text>
              ) : null}
            </g>
          );
        })}
      </svg>
    </section>
  );
};
