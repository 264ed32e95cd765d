/** What a check of a paper gave. */
import { paperBundle, paperPdf, verifyCode } from '@shugu/wire/kernel';
import { Alert } from 'antd';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Facts, Loaded, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { PaperContents } from './document.tsx';

export const bundleAddress = (id: string) => paperBundle.path.replace(':id', id);
export const pdfAddress = (id: string) => paperPdf.path.replace(':id', id);

type Found = Reply<typeof verifyCode>;

const FoundPaper = ({ data }: { data: Found }) => {
  const { t, b, w } = useWords();
  if (!data.found)
    return <Alert type="error" showIcon title={t('verify.unknown')} description={t('verify.unknownText')} />;
  const document =
    data.document && typeof data.document === 'object' && !Array.isArray(data.document)
      ? (data.document as Record<string, unknown>)
      : undefined;
  return (
    <Sheet>
      {data.withdrawnAt ? (
        <Alert
          type="error"
          showIcon
          style={{ marginBottom: 14 }}
          title={t('verify.withdrawn')}
          description={b(data.withdrawnReason)}
        />
      ) : (
        <Alert type="success" showIcon style={{ marginBottom: 14 }} title={t('verify.found')} />
      )}
      <Facts
        items={[
          [t('papers.kind'), w('paperKind', data.kind ?? '')],
          [
            t('papers.number'),
            <span key="n" className="mono">
              {data.number}
            </span>,
          ],
          [t('papers.title'), b(data.title)],
          [t('papers.issuer'), data.issuer],
          [t('papers.issuedAt'), <When key="i" at={data.issuedAt} />],
          data.log && [
            t('verify.log'),
            data.log.position === null
              ? t('verify.logWaiting')
              : t('verify.logAt', { origin: data.log.origin, position: data.log.position }),
          ],
        ]}
      />
      {document ? (
        <>
          <h3 style={{ margin: '18px 0 8px', fontSize: 16 }}>{t('verify.document')}</h3>
          <PaperContents document={document} />
        </>
      ) : (
        <p className="quiet">{t('verify.commitmentOnly')}</p>
      )}
    </Sheet>
  );
};

export const CodeResult = ({ code }: { code: string }) => {
  const read = useRead(verifyCode, { params: { code } });
  return <Loaded of={read}>{(data) => <FoundPaper data={data} />}</Loaded>;
};
