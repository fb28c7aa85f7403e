using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Apply;

/// <summary>The fields that an endpoint puts back to what is stored: nobody comes to own them by a write through it.</summary>
internal static class ResetFields
{
    private static readonly IReadOnlyList<string> _status = ["status"];

    public static IReadOnlyList<string> Of(ResourceType type, UpdatePart part)
    {
        if (part.Take is null)
        {
            return type.HasStatus ? _status : [];
        }

        // What else a subresource takes over is compared as it was taken; only a status is applied to.
        return part == UpdatePart.Status ? type.AllButStatus : [];
    }
}
