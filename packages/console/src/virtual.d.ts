// The modules that vite.config.ts makes of api/*.json; who imports one knows its type. A declared module cannot import types of ours.
declare module 'virtual:*' {
  const value: unknown;
  export default value;
}
