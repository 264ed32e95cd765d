/** The hub in the middle, its nodes around it: no geography, but who is there and how each one is. */
import type { listNodes } from '@shugu/wire/nodes';
import type { Reply } from '../api.ts';
import { listMark, useWords } from '../i18n/index.ts';

type Node = Reply<typeof listNodes>['items'][number];
type Hub = Reply<typeof listNodes>['hub'];

const size = { width: 760, height: 380 };
const middle = { x: size.width / 2, y: size.height / 2 };
const colours: Record<string, string> = { online: '#2f6f5e', alarm: '#b4691f', offline: '#8a8577', revoked: '#a8291f' };
/** From so many on names would stand in each other's way. */
const namesMax = 16;

const placeOf = (index: number, count: number) => {
  // Two rings where one would be too full.
  const inner = count > 12 && index % 2 === 1;
  const angle = (2 * Math.PI * index) / count - Math.PI / 2;
  return {
    x: middle.x + Math.cos(angle) * (inner ? 190 : 270),
    y: middle.y + Math.sin(angle) * (inner ? 95 : 135),
  };
};

export const NodeMap = ({ hub, nodes }: { hub: Hub; nodes: readonly Node[] }) => {
  const { t, w } = useWords();
  const said = nodes.map((one) => `${one.name} ${w('nodeStanding', one.standing)}`).join(listMark());
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard.
    <section className="scroll" tabIndex={0} aria-label={t('nodes.map')}>
      <svg
        viewBox={`0 0 ${size.width} ${size.height}`}
        role="img"
        aria-label={t('nodes.mapSaid', { hub: hub.name, count: nodes.length, nodes: said })}
        style={{ width: '100%', minWidth: 560, maxWidth: size.width, display: 'block', margin: '0 auto' }}
      >
        {nodes.map((one, index) => {
          const at = placeOf(index, nodes.length);
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
          const at = placeOf(index, nodes.length);
          return (
            <g key={one.id}>
              <title>{`${one.name} · ${w('nodeKind', one.kind)} · ${w('nodeStanding', one.standing)} · ${one.listings}`}</title>
              <circle
                cx={at.x}
                cy={at.y}
                r={9 + Math.min(9, Math.log2(1 + one.listings) * 2)}
                fill={colours[one.standing]}
              />
              {nodes.length <= namesMax ? (
                // Away from the middle, so that its line does not run through its name.
                <text
                  x={at.x}
                  y={at.y < middle.y ? at.y - 24 : at.y + 34}
                  textAnchor="middle"
                  fontSize="14"
                  fill="#2b2a26"
                >
                  {one.name.length > 14 ? `${one.name.slice(0, 13)}…` : one.name}
                </text>
              ) : null}
            </g>
          );
        })}
      </svg>
    </section>
  );
};
