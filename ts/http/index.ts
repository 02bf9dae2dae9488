/** `tokenkeep/http`: routes with which users connect their accounts. */

export {
  type ConnectHandlers,
  type ConnectHandlersOptions,
  type ConnectLinkOptions,
  createConnectHandlers,
} from './connect-handlers';
export { type GoogleHandlers, type Handler, type Handlers, createGoogleHandlers } from './handlers';
export { type HandlersOptions, type ProviderHandlersOptions } from './config';
export { type GoogleHandlersOptions } from './google-place';
export { type NodeListener, type NodeRequest, toNodeListener } from './node';
export { type FastifyLike, type FastifyRequestLike, toFastifyPlugin } from './fastify';
export { TEXTS, type PageText, type Reason, type Texts, type TextsPatch } from './texts';
