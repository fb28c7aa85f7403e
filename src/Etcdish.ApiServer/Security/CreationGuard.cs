using Etcdish.ApiServer.Admission;

namespace Etcdish.ApiServer.Security;

/// <summary>An update or patch that turns out to create its object takes the right to create, too.</summary>
internal sealed class CreationGuard(Authorizer authorizer) : IAdmissionPlugin
{
    public string Name => "CreateAuthorization";

    public bool Handles(AdmissionRequest request) => request.Operation == AdmissionOperation.Create && !request.Write.User.IsMaster;

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        var (type, scope, name) = request.Write;
        return authorizer.RequireAsync(
            new AccessRequest(request.Write.User, "create")
            {
                Group = type.Info.Group,
                Version = type.Info.Version,
                Resource = type.Info.Name,
                Namespace = scope,
                Name = name,
            },
            cancellation);
    }
}
