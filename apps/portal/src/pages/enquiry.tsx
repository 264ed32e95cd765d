import { closeEnquiry, listMessages, readEnquiry, sendMessage } from '@shugu/wire/market-more';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { Loaded, Page, Sheet } from '../ui/frame.tsx';
import { useId } from '../ui/route.ts';
import { History } from '../ui/timeline.tsx';

export default function EnquiryPage() {
  const { t } = useWords();
  const id = useId();
  const read = useRead(readEnquiry, { params: { id } });
  const messages = useRead(listMessages, { params: { id }, query: { limit: 100 } }, { every: 8_000 });
  return (
    <Loaded of={read}>
      {(one) => {
        const closed = one.open ? null : t('enquiry.closed');
        return (
          <Page
            title={one.title}
            lead={`${one.asker.name} — ${one.asked.name}`}
            actions={
              <Action
                endpoint={closeEnquiry}
                label={t('enquiry.close')}
                danger
                blocked={closed}
                input={() => ({ params: { id }, body: {} })}
              />
            }
          >
            <Sheet>
              <History
                items={(messages.data?.items ?? []).map((message) => ({
                  key: message.id,
                  at: message.at,
                  title: (
                    <>
                      <b>{message.from.name}</b> {message.person}
                    </>
                  ),
                  detail: <div className="prose">{message.text}</div>,
                }))}
              />
              <Action
                endpoint={sendMessage}
                label={t('enquiry.reply')}
                primary
                blocked={closed}
                fields={[field('text', 'longText', ['内容', 'Text'], { required: true, charactersMax: 4000 })]}
                input={(values) => ({ params: { id }, body: values as never })}
              />
            </Sheet>
          </Page>
        );
      }}
    </Loaded>
  );
}
