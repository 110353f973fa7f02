import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createQueryClient } from './api/query-client.ts';
import { createConsoleRouter } from './router.tsx';
import { takeLinkSecret } from './shell/link-secret.ts';
import { applyTheme } from './shell/theme.ts';
import './styles.css';

applyTheme();
// Before the router reads the address.
takeLinkSecret();
window.addEventListener('hashchange', takeLinkSecret);
const client = createQueryClient();
const router = createConsoleRouter(client);

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
