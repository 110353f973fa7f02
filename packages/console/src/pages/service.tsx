import { getRouteApi } from '@tanstack/react-router';
import { serviceOf } from '../api/registry.ts';
import { useCan } from '../api/session.ts';
import { Page } from '../kit/layout.tsx';
import { Empty } from '../kit/states.tsx';
import { CreatePage } from './create.tsx';
import { DetailPage } from './detail.tsx';
import { ListPage } from './list.tsx';

const listRoute = getRouteApi('/t/$tenant/$service');
const createRoute = getRouteApi('/t/$tenant/$service/new');
const detailRoute = getRouteApi('/t/$tenant/$service/$id');

function NoService({ name }: { readonly name: string }) {
  return (
    <Page title="Not found">
      <Empty title={`There is no page '${name}'`}>Check the address, or go on from the navigation.</Empty>
    </Page>
  );
}

/** The list of the service that the address names: the service's own page, or the derived one. */
export function ServiceList() {
  const { service: name } = listRoute.useParams();
  const { list: Custom } = listRoute.useLoaderData();
  const service = serviceOf(name);
  if (!service) return <NoService name={name} />;
  const List = Custom ?? ListPage;
  return <List key={name} service={service} />;
}

export function ServiceCreate() {
  const { service: name } = createRoute.useParams();
  const { create: Custom } = createRoute.useLoaderData();
  const can = useCan();
  const service = serviceOf(name);
  if (!service?.create) return <NoService name={`${name}/new`} />;
  if (!can(service.create))
    return (
      <Page title="Not allowed">
        <Empty title={`Your role may not create a ${service.noun}`}>
          Ask an owner of the tenant for a role that may.
        </Empty>
      </Page>
    );
  const Create = Custom ?? CreatePage;
  return <Create key={name} service={service} />;
}

export function ServiceItem() {
  const { service: name, id } = detailRoute.useParams();
  const service = serviceOf(name);
  if (!service) return <NoService name={name} />;
  return <DetailPage key={`${name} ${id}`} service={service} id={id} pages={detailRoute.useLoaderData()} />;
}
