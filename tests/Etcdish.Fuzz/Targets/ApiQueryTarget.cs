using System.Text;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.Fuzz.Inputs;
using Etcdish.Kubernetes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Etcdish.Fuzz.Targets;

/// <summary>The query of a list or watch in the Kubernetes API: options, or the failure that the client is told.</summary>
internal sealed class ApiQueryTarget : IFuzzTarget
{
    private static readonly ResourceInfo _pods = SchemaCatalog.BuiltIn.Resources.First(resource => resource.Name == "pods");

    private static readonly string[] _parameters =
    [
        "limit=500", "resourceVersion=0", "resourceVersion=17", "watch=true", "allowWatchBookmarks=1", "timeoutSeconds=30",
        "resourceVersionMatch=NotOlderThan", "sendInitialEvents=true", "labelSelector=a%3Db,c!%3Dd,e%20in%20(f,g),!h,i",
        "fieldSelector=spec.nodeName%3Dn,status.phase!%3DFailed", "fieldSelector=metadata.name%3Da",
        "continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MTcsInN0YXJ0IjoiZGVmYXVsdC9hIn0",
    ];

    public string Name => "apiQuery";

    public byte[] MakeInput(Random random) => InputMutator.MakeInput(random, MakeValid);

    public bool Accepts(byte[] input)
    {
        var query = new QueryCollection(QueryHelpers.ParseQuery("?" + Encoding.UTF8.GetString(input)));
        try
        {
            var options = ListOptions.Read(query, _pods);
            return options.Limit >= 0 ? true : throw new ContractException($"a limit of {options.Limit} was read");
        }
        catch (ApiException e) when (e.Code is 400 or 422)
        {
            return false;
        }
    }

    private static byte[] MakeValid(Random random) => Encoding.ASCII.GetBytes(
        string.Join('&', Enumerable.Range(0, random.Next(4)).Select(_ => _parameters[random.Next(_parameters.Length)])));
}
