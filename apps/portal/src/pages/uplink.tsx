import { join, readUplink } from '@shugu/wire/nodes';
import { Link } from '@tanstack/react-router';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Attachments, applicationOf, technicalFields } from '../nodes/application.tsx';
import { paths } from '../paths.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { NextStep, StateTag } from '../ui/step.tsx';

type Uplink = NonNullable<Reply<typeof readUplink>['uplink']>;

const Joined = ({ one }: { one: Uplink }) => {
  const { t, w } = useWords();
  const { last, held, listings, demands } = one.published;
  return (
    <Sheet title={one.name}>
      <NextStep text={t(`uplink.step.${one.state}`)} done={['active', 'refused', 'revoked'].includes(one.state)} />
      <Facts
        items={[
          [
            t('uplink.hub'),
            <a key="hub" href={`${one.hub.url}/nodes`} target="_blank" rel="noopener noreferrer">
              {one.hub.name} ↗
            </a>,
          ],
          [
            t('uplink.key'),
            <span key="key" className="mono small" style={{ overflowWrap: 'anywhere' }}>
              {one.hub.keyId}
            </span>,
          ],
          [t('nodes.standing'), <StateTag key="state" list="nodeStanding" state={one.state} />],
          one.reason && [t('uplink.reason'), one.reason],
          [t('nodes.kind'), w('nodeKind', one.kind)],
          one.credential && [
            t('nodes.credential'),
            <a
              key="paper"
              href={`${one.hub.url}${paths.verifyCode(one.credential.verifyCode)}`}
              target="_blank"
              rel="noopener noreferrer"
            >
              {one.credential.number} ↗
            </a>,
          ],
          [t('nodes.applied'), <When key="applied" at={one.appliedAt} />],
          [t('uplink.answered'), <When key="answered" at={one.answeredAt} />],
          one.failure && [
            t('uplink.failure'),
            <span key="failure" className="late">
              {one.failure} · {t('uplink.next')} <When at={one.nextAt} />
            </span>,
          ],
          [t('uplink.published'), t('uplink.publishedValue', { listings, demands })],
          [t('uplink.changes'), t('uplink.changesValue', { last, held })],
        ]}
      />
    </Sheet>
  );
};

/** This node at its hub: how its registration stands, what it has published, and what of that has arrived. */
export default function UplinkPage() {
  const { t } = useWords();
  const read = useRead(readUplink, {}, { every: 3_000 });
  const proposed = read.data?.proposed ?? '';
  const state = read.data?.uplink?.state;
  const apply = (
    <Action
      endpoint={join}
      label={t('uplink.join')}
      primary
      explain={<p>{t('uplink.explain')}</p>}
      fields={[
        field('hub', 'text', ['枢纽地址（https://…）', 'Address of the hub (https://…)'], { required: true }),
        field('name', 'text', ['节点名称（不填则为运营单位名称）', 'Name of this node (its operator’s if empty)']),
        ...technicalFields,
      ]}
      initial={{ hub: proposed }}
      input={(values) => ({ body: applicationOf(values) })}
    />
  );
  return (
    <Page
      title={t('menu.uplink')}
      lead={t('uplink.lead')}
      actions={state === 'refused' || state === 'revoked' ? apply : undefined}
    >
      <Loaded of={read}>
        {({ uplink, attachments }) => (
          <>
            {uplink ? (
              <Joined one={uplink} />
            ) : (
              <Empty title={t('uplink.none')} action={apply}>
                {t('uplink.noneText')}
              </Empty>
            )}
            <div className="section">
              <Attachments
                items={attachments}
                applied={uplink !== null && !['refused', 'revoked'].includes(uplink.state)}
              />
            </div>
          </>
        )}
      </Loaded>
      <p className="small">
        <Link to={paths.nodes}>{t('menu.nodes')}</Link>
      </p>
    </Page>
  );
}
