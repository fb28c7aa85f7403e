using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Etcdish.Rpc;

/// <summary>
/// The services that Kestrel looks up when an endpoint gets TLS. They are internal types, registered only by Kestrel's
/// extension of a host builder: so this is a builder that collects the registrations and hosts nothing.
/// </summary>
internal sealed class KestrelServices : IWebHostBuilder
{
    private readonly ServiceCollection _services = [];

    public static ServiceProvider Create(ILoggerFactory loggerFactory)
    {
        var builder = new KestrelServices();
        builder._services.AddSingleton(loggerFactory);
        builder._services.AddMetrics();
        builder.UseKestrelCore();
        return builder._services.BuildServiceProvider();
    }

    public IWebHostBuilder ConfigureServices(Action<IServiceCollection> configureServices)
    {
        configureServices(_services);
        return this;
    }

    public IWebHostBuilder ConfigureServices(Action<WebHostBuilderContext, IServiceCollection> configureServices)
    {
        configureServices(new WebHostBuilderContext(), _services);
        return this;
    }

    public IWebHostBuilder ConfigureAppConfiguration(Action<WebHostBuilderContext, IConfigurationBuilder> configureDelegate) => this;

    public string? GetSetting(string key) => null;

    public IWebHostBuilder UseSetting(string key, string? value) => this;

#pragma warning disable ASPDEPR008 // The obsolete type is part of the interface.
    public IWebHost Build() => throw new NotSupportedException("Nothing is hosted here.");
#pragma warning restore ASPDEPR008
}
