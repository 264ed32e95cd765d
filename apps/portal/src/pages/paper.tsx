import { paperRead } from '@shugu/wire/kernel';
import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { useId } from '../ui/route.ts';
import { PaperContents } from '../verify/document.tsx';
import { bundleAddress, pdfAddress } from '../verify/result.tsx';

export default function Paper() {
  const { t, b, w } = useWords();
  const id = useId();
  const read = useRead(paperRead, { params: { id } }, { every: 10_000 });
  return (
    <Loaded of={read}>
      {(one) => {
        const document =
          one.document && typeof one.document === 'object' && !Array.isArray(one.document)
            ? (one.document as Record<string, unknown>)
            : {};
        return (
          <Page
            title={b(one.title)}
            actions={
              one.ready ? (
                <>
                  <Button href={pdfAddress(one.id)}>PDF</Button>
                  <Button href={bundleAddress(one.id)}>{t('papers.bundle')}</Button>
                </>
              ) : (
                <span className="quiet">{t('papers.making')}</span>
              )
            }
          >
            <Sheet>
              <Facts
                items={[
                  [
                    t('papers.number'),
                    <span key="n" className="mono">
                      {one.number}
                    </span>,
                  ],
                  [t('papers.kind'), w('paperKind', one.kind)],
                  [t('papers.issuedAt'), <When key="i" at={one.issuedAt} />],
                  one.withdrawnAt && [t('verify.withdrawn'), <When key="w" at={one.withdrawnAt} />],
                  [t('papers.disclosure'), t(`papers.${one.disclosure}`)],
                  [
                    t('papers.verifyCode'),
                    <Link key="v" to={paths.verifyCode(one.verifyCode)} className="mono">
                      {one.verifyCode}
                    </Link>,
                  ],
                ]}
              />
            </Sheet>
            <Sheet title={t('verify.document')}>
              <PaperContents document={document} />
            </Sheet>
          </Page>
        );
      }}
    </Loaded>
  );
}
