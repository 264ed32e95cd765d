/** What a node still has to do, as it itself works it out. */
import { type NodeStep, stepWords } from '@shugu/wire/node-kinds';
import { readSteps } from '@shugu/wire/nodes';
import { Link } from '@tanstack/react-router';
import { Tag } from 'antd';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Loaded, Sheet } from '../ui/frame.tsx';

/** Where it is done; the settings of a node have no page. */
const places: Partial<Record<NodeStep, string>> = {
  staff: paths.people,
  hub: paths.uplink,
  members: paths.cases,
  listing: paths.listings,
  nodes: paths.nodes,
};

/** `open`: only while something is left to do. */
export const NodeSteps = ({ open = false }: { open?: boolean }) => {
  const { t, b } = useWords();
  const read = useRead(readSteps, {}, { every: 30_000 });
  if (open && !read.data?.items.some(({ done }) => !done)) return null;
  return (
    <Sheet title={t('node.steps')} extra={open ? <Link to={paths.node}>{t('menu.node')}</Link> : undefined}>
      <Loaded of={read}>
        {({ items }) => (
          <ol className="card-list">
            {items.map(({ step, done }) => {
              const place = places[step];
              return (
                <li key={step} className="row between">
                  {place ? <Link to={place}>{b(stepWords[step])}</Link> : <span>{b(stepWords[step])}</span>}
                  <Tag color={done ? 'success' : undefined}>{t(done ? 'node.done' : 'node.toDo')}</Tag>
                </li>
              );
            })}
          </ol>
        )}
      </Loaded>
    </Sheet>
  );
};
