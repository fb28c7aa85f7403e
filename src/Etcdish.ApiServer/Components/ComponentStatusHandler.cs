using System.Text;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;
using Etcdish.ApiServer.Tables;

namespace Etcdish.ApiServer.Components;

/// <summary>Shows the parts of the control plane as objects that are read and never written.</summary>
internal sealed class ComponentStatusHandler(ComponentProbes probes, TableBuilder tables)
{
    private const string Warning = "v1 ComponentStatus is deprecated in v1.19+";

    public async Task HandleAsync(ApiRequest request)
    {
        if (request.Namespace.Length > 0 || request.Path.Subresource.Length > 0)
        {
            throw ApiErrors.PathNotFound();
        }

        if (request.Http.Request.Method != "GET")
        {
            throw ApiErrors.MethodNotAllowed();
        }

        request.Warn([Warning]);
        await (request.Name.Length > 0 ? GetAsync(request) : ListAsync(request));
    }

    private async Task GetAsync(ApiRequest request)
    {
        if (!ComponentProbes.Names.Contains(request.Name))
        {
            // The one resource whose messages do not have its plural.
            throw ApiErrors.NotFound(request.Type.Info with { Name = request.Type.Info.Singular }, request.Name);
        }

        var status = await probes.ProbeAsync(request.Name, request.Cancellation);
        await ApiResponse.SendAsync(request.Http, 200, new ObjectView(request, tables).One(ApiJson.Write(status), 0));
    }

    private async Task ListAsync(ApiRequest request)
    {
        var options = ListOptions.Read(request.Http.Request.Query, request.Type.Info);
        if (options.IsWatch)
        {
            throw ApiErrors.MethodNotAllowed();
        }

        var all = await Task.WhenAll(ComponentProbes.Names.Select(name => probes.ProbeAsync(name, request.Cancellation)));
        var items = all.Select(status => new StoredObject(Encoding.UTF8.GetBytes(status.Name()), ApiJson.Write(status), 0))
            .Where(item => options.Selection.Matches(item.Value));
        await new ListWriter(request, new ObjectView(request, tables), tables).SendAsync(new ListPage([.. items], 0, null, null));
    }
}
