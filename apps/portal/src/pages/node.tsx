import { readKind } from '@shugu/wire/nodes';
import { Link } from '@tanstack/react-router';
import { type Reply, useRead } from '../api.ts';
import { listMark, useWords } from '../i18n/index.ts';
import { NodeSteps } from '../nodes/steps.tsx';
import { paths } from '../paths.ts';
import { may, useMe } from '../session.ts';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';

type Kind = Reply<typeof readKind>;

const useListed = () => {
  const { t } = useWords();
  return ({ lists, industries, supplier }: Kind): string => {
    if (lists === 'industries' && industries.length > 0)
      return t('node.lists.industries', { industries: industries.join(listMark()) });
    if (lists === 'ownSupplier') return supplier ? t('node.lists.ownSupplier', { supplier }) : t('node.lists.nobody');
    return t(lists === 'free' ? 'node.lists.free' : 'node.lists.anything');
  };
};

/** What kind of node this is, for everybody; for its operator also what it still has to do. */
export default function ThisNode() {
  const { t, w, b } = useWords();
  const me = useMe();
  const listed = useListed();
  const read = useRead(readKind, {});
  return (
    <Page title={t('menu.node')} lead={read.data ? b(read.data.about) : undefined}>
      <Loaded of={read}>
        {(one) => (
          <Sheet title={t('node.kind')}>
            <Facts
              items={[
                [t('nodes.kind'), w('nodeKind', one.kind)],
                [t('node.type'), w('nodeType', String(one.nodeType))],
                [t('node.lists'), listed(one)],
                [
                  t('node.takes'),
                  one.takes.length > 0
                    ? one.takes.map((kind) => w('nodeKind', kind)).join(listMark())
                    : t('node.takesNone'),
                ],
                [
                  t('node.hub'),
                  one.hub ? (
                    <a key="hub" href={`${one.hub.url}/nodes`} target="_blank" rel="noopener noreferrer">
                      {one.hub.name} ↗
                    </a>
                  ) : (
                    t('node.hubNone')
                  ),
                ],
              ]}
            />
            {one.takes.length > 0 ? (
              <p className="small">
                <Link to={paths.nodes}>{t('menu.nodes')}</Link>
              </p>
            ) : null}
          </Sheet>
        )}
      </Loaded>
      {me && may(me, 'nodes.uplink.read') ? <NodeSteps /> : null}
    </Page>
  );
}
