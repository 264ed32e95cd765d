/** A month's receipts of one grant as one file: what an auditor checks without the exchange. */
import { listGrants } from '@shugu/wire/delivery';
import { afterReceipts, receiptFile } from '@shugu/wire/metering';
import { Button, DatePicker, Select, Tooltip } from 'antd';
import dayjs from 'dayjs';
import { useState } from 'react';
import { client, ProblemError, type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { may, useMe } from '../session.ts';
import { Sheet } from '../ui/frame.tsx';
import { useNow } from '../ui/now.tsx';
import { ProblemNote } from '../ui/problem.tsx';
import { download } from '../ui/table.tsx';

interface Part {
  range: Parameters<typeof afterReceipts>[0] & { complete: boolean };
}

/** More than a month of the busiest buyer needs; a server that never ends is not followed for ever. */
const partsMax = 500;

/** A full file says that it is not complete; the next part begins where it ended. */
const saveMonth = async (grant: string, month: string): Promise<void> => {
  const from = `${month}-01`;
  const until = dayjs(from).endOf('month').format('YYYY-MM-DD');
  let after: string | undefined;
  for (let part = 1; part <= partsMax; part++) {
    const query = { from, until, after };
    const text = await client
      .raw(receiptFile, { params: { id: grant }, query })
      .then((response) => response.text())
      .catch((error: unknown) => {
        // What the last part left out is not sealed yet.
        const waits = error instanceof ProblemError && error.problem.code === 'metering.noReceipts';
        if (part > 1 && waits) return undefined;
        throw error;
      });
    if (text === undefined) return;
    const suffix = part === 1 ? '' : `-${part}`;
    download(`receipts-${grant}-${month}${suffix}.receipts.json`, text, 'application/json');
    const { range } = JSON.parse(text) as Part;
    if (range.complete) return;
    after = afterReceipts(range);
  }
};

/** Days of use are days in Beijing, wherever the reader sits. */
const monthAt = (now: Date): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai', year: 'numeric', month: '2-digit' }).format(now);

type Grant = Reply<typeof listGrants>['items'][number];

const Chosen = ({ grants }: { grants: Grant[] }) => {
  const { t } = useWords();
  const now = useNow();
  const [grant, setGrant] = useState<string>();
  const [month, setMonth] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  const chosen = grant ?? grants[0]?.id;
  const chosenMonth = month ?? monthAt(new Date(now));
  const blocked = chosen === undefined ? t('receipt.noGrant') : null;
  const save = async () => {
    setBusy(true);
    setError(undefined);
    await saveMonth(chosen!, chosenMonth).catch((caught: unknown) => setError(caught as Error));
    setBusy(false);
  };
  const button = (
    <Button
      type="primary"
      loading={busy}
      aria-disabled={blocked ? true : undefined}
      className={blocked ? 'blocked' : undefined}
      style={blocked ? { opacity: 0.62, cursor: 'not-allowed' } : undefined}
      onClick={blocked ? undefined : () => void save()}
    >
      {t('receipt.month')}
    </Button>
  );
  return (
    <>
      <div className="row" style={{ marginBottom: error ? 12 : 0 }}>
        <Select
          aria-label={t('menu.grants')}
          style={{ minWidth: 260 }}
          value={chosen}
          onChange={setGrant}
          options={grants.map((one) => ({
            value: one.id,
            label: `${one.productName} · ${dayjs(one.from).format('YYYY-MM-DD')}`,
          }))}
        />
        <DatePicker
          picker="month"
          aria-label={t('receipt.whichMonth')}
          allowClear={false}
          value={dayjs(chosenMonth)}
          onChange={(picked) => picked && setMonth(dayjs(picked as dayjs.Dayjs).format('YYYY-MM'))}
        />
        {blocked ? <Tooltip title={blocked}>{button}</Tooltip> : button}
      </div>
      {error ? <ProblemNote error={error} /> : null}
    </>
  );
};

/** For the buyer; a supplier sees figures, not receipts. */
export const ReceiptFile = () => {
  const { t } = useWords();
  const me = useMe();
  const read = useRead(listGrants, { query: { limit: 100 } });
  if (!me || !may(me, receiptFile.permission) || !read.data) return null;
  const own = read.data.items.filter((one) => one.buyer.id === me.organisation.id);
  if (own.length === 0) return null;
  return (
    <Sheet title={t('receipt.file')}>
      <p className="quiet">{t('receipt.fileLead')}</p>
      <Chosen grants={own} />
    </Sheet>
  );
};
