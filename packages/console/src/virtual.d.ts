declare module 'virtual:operations' {
  const operations: readonly import('./api/registry.ts').Operation[];
  export default operations;
}
declare module 'virtual:schemas' {
  const schemas: Readonly<Record<string, import('./api/schema.ts').Schemas>>;
  export default schemas;
}
declare module 'virtual:console' {
  const described: import('./api/registry.ts').DescribedConsole;
  export default described;
}
