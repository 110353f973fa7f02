// Blocks the first paint, so that a dark page is never white for a moment. The same rule as applyTheme of src/shell/theme.ts.
{
  const stored = localStorage.getItem('theme');
  const isDark = stored ? stored === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
}
