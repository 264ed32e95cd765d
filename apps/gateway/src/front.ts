/** What stands at the port: the addresses of package gateway as at the exchange, `/health`, `/metrics`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressesOptions, GatewayProblem, gatewayAddresses, problemAnswer } from '@shugu/gateway';

export interface FrontOptions extends AddressesOptions {
  serving(): boolean;
  health(): { status: number; body: object };
  metrics(): string;
}

const plain = (response: ServerResponse, status: number, mediaType: string, text: string): void => {
  response.writeHead(status, { 'content-type': mediaType, 'cache-control': 'no-store' }).end(text);
};

const refuse = (response: ServerResponse, problem: GatewayProblem): void => {
  const { status, headers, body } = problemAnswer(problem);
  response.writeHead(status, headers).end(body);
};

export const front = (options: FrontOptions) => {
  const addressed = gatewayAddresses(options);
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.setHeader('x-content-type-options', 'nosniff');
    if (request.url === '/health') {
      const { status, body } = options.health();
      return plain(response, status, 'application/json; charset=utf-8', JSON.stringify(body));
    }
    if (request.url === '/metrics') return plain(response, 200, 'text/plain; version=0.0.4', options.metrics());
    const { answer } = addressed(request, response);
    // Asked before anything is known of the caller, so that a gateway that is cut off tells nobody anything.
    if (!options.serving()) return refuse(response, new GatewayProblem('cutOff', { headers: { 'retry-after': '5' } }));
    await answer().catch(() => void response.destroy());
  };
};
