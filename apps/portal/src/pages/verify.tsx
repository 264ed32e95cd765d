import { certificateCode, getCertificate } from '@shugu/wire/registry';
import { useNavigate } from '@tanstack/react-router';
import { Alert, Input } from 'antd';
import { useState } from 'react';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { CertificateView } from '../registry/certificate.tsx';
import { Loaded, Page, Sheet } from '../ui/frame.tsx';
import { useId } from '../ui/route.ts';
import { PickFile } from '../ui/send-file.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { ByFile } from '../verify/file.tsx';
import { CodeResult } from '../verify/result.tsx';
import { Camera, readPicture } from '../verify/scan.tsx';

/** What a QR code says: our own address with the code at its end, or the code alone. */
const codeIn = (text: string): string =>
  text
    .trim()
    .replace(/^https?:\/\/[^/]+\/verify\//, '')
    .replace(/[?#].*$/, '');

const Certificate = ({ code }: { code: string }) => {
  const read = useRead(getCertificate, { params: { code } });
  return <Loaded of={read}>{(one) => <CertificateView one={one} />}</Loaded>;
};

export default function Verify() {
  const { t } = useWords();
  const code = useId();
  const navigate = useNavigate();
  const [unread, setUnread] = useState(false);
  const go = (text: string) => codeIn(text) && navigate({ to: paths.verifyCode(codeIn(text)) });
  const readFile = async (file: File) => {
    const found = await readPicture(file).catch(() => undefined);
    setUnread(!found);
    if (found) await go(found);
  };
  return (
    <Page title={t('verify.title')} lead={t('verify.lead')}>
      <Sheet>
        <Tabs
          items={[
            {
              key: 'code',
              label: t('verify.byCode'),
              children: (
                <>
                  <Input.Search
                    key={code}
                    size="large"
                    style={{ maxWidth: 560 }}
                    defaultValue={code}
                    placeholder={t('verify.placeholder')}
                    aria-label={t('verify.placeholder')}
                    enterButton={t('verify.check')}
                    onSearch={go}
                  />
                  <div className="row" style={{ marginTop: 14 }}>
                    <Camera onFound={go} />
                    <PickFile label={t('verify.picture')} accept="image/*" onFile={(file) => void readFile(file)} />
                  </div>
                  {unread ? (
                    <Alert style={{ marginTop: 12 }} type="warning" showIcon title={t('verify.noCode')} />
                  ) : null}
                </>
              ),
            },
            { key: 'file', label: t('verify.byFile'), children: <ByFile /> },
          ]}
        />
      </Sheet>
      {code ? certificateCode.safeParse(code).success ? <Certificate code={code} /> : <CodeResult code={code} /> : null}
      <p className="quiet small">{t('verify.offline')}</p>
    </Page>
  );
}
