import { getHarvest } from '@shugu/wire/catalogue';
import { Alert, Progress } from 'antd';
import { useRead } from '../api.ts';
import { Differences } from '../catalogue/differences.tsx';
import { type Harvest, isOpen, StartHarvest, StopHarvest, useCounts } from '../catalogue/sources.tsx';
import { FaultNote } from '../delivery/push-parts.tsx';
import { useWords } from '../i18n/index.ts';
import { bytes, count } from '../ui/format.ts';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { useId } from '../ui/route.ts';
import { NextStep, StateTag } from '../ui/step.tsx';

const Done = ({ run }: { run: Harvest }) => {
  const { t } = useWords();
  const counts = useCounts();
  const { added, changed, unchanged, withdrawn, refused } = run.counts;
  const seen = added + changed + unchanged + withdrawn + refused;
  return (
    <Sheet title={t('harvest.found')}>
      {isOpen(run) ? (
        <Progress
          percent={run.total ? Math.min(99, Math.floor((seen / run.total) * 100)) : 0}
          aria-label={t('push.progress')}
        />
      ) : null}
      <Facts
        items={[
          [t('harvest.found'), counts(run)],
          [t('harvest.read'), t('harvest.readText', { pages: count(run.pages), bytes: bytes(run.bytes) })],
          [
            t('harvest.way'),
            t(run.unmodified ? 'harvest.unmodified' : run.incremental ? 'harvest.incremental' : 'harvest.whole'),
          ],
          run.startedAt && [t('push.startedAt'), <When key="from" at={run.startedAt} />],
          run.finishedAt && [t('push.finishedAt'), <When key="to" at={run.finishedAt} />],
        ]}
      />
      {run.state === 'done' && !run.complete ? <Alert type="warning" showIcon title={t('harvest.incomplete')} /> : null}
    </Sheet>
  );
};

const Run = ({ run }: { run: Harvest }) => {
  const { t } = useWords();
  const open = isOpen(run);
  return (
    <Page
      title={t(run.dry ? 'harvest.dryTitle' : 'harvest.runTitle', { name: run.source.name })}
      lead={run.dry ? t('harvest.dryNote') : undefined}
      actions={
        <span className="row">
          <StateTag list="harvestState" state={run.state} />
          {open ? (
            <StopHarvest id={run.id} />
          ) : (
            <>
              {run.dry ? null : <StartHarvest source={run.source.id} dry />}
              <StartHarvest source={run.source.id} dry={false} primary />
            </>
          )}
        </span>
      }
    >
      <NextStep text={t(`harvest.nextStep.${run.state}`)} mine={run.state === 'failed'} done={run.state === 'done'} />
      <FaultNote fault={run.fault} />
      <Done run={run} />
      <Differences run={run.id} {...(open ? { every: 3_000 } : {})} />
    </Page>
  );
};

export default function HarvestRunPage() {
  const id = useId();
  const read = useRead(getHarvest, { params: { id } }, { every: 2_000 });
  return <Loaded of={read}>{(run) => <Run run={run} />}</Loaded>;
}
