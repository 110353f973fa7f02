export { deferContinue, type NodeHooks, nodeListener } from './node-http.ts';
export { maxHeaderSizeOf, nodeServer, unreadableListener } from './node-server.ts';
